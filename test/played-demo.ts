import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { kernelsToTest, type Outcome, wireproof } from './wireproof.ts'

export interface PlayedDemo {
  /** Of the command. */
  readonly outcome: Outcome
  /** Directory of its evidence. */
  readonly bundle: string
}

/**
 * Has a demo played before the tests of a suite, which has none if it does not end PROVEN. The first is that `verify`
 * agrees.
 *
 * @param flags of the command, besides those for the kernel and for where its evidence goes.
 * @returns what is there once the tests run.
 */
export function playedDemo(flags: readonly string[], input?: string): PlayedDemo {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-played-'))
  let outcome: Outcome
  let bundle: string

  before(async () => {
    const argv = ['demo', ...flags, '--kernel', kernelsToTest[0], '--evidence', directory]
    outcome = await wireproof(argv, input === undefined ? {} : { input })
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
    bundle = join(directory, readdirSync(directory)[0] ?? 'no bundle')
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('ends PROVEN, and verify agrees', async () => {
    const verified = await wireproof(['verify', bundle])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.match(verified.stdout, /^PROVEN/m)
  })

  return {
    get outcome() {
      return outcome
    },
    get bundle() {
      return bundle
    },
  }
}
