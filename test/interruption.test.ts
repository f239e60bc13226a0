import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { leftovers, type Outcome, wireproof } from './wireproof.ts'

const directory = mkdtempSync(join(tmpdir(), 'wireproof-interrupt-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** Ten instants per command and signal set, spread over the time the command takes, at random within each tenth. */
const instants = 10
const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGKILL']

async function interrupted(arguments_: string[], afterMs: number, signal: NodeJS.Signals): Promise<Outcome> {
  const strike = async (child: ChildProcess) => {
    await sleep(afterMs)
    child.kill(signal)
  }
  return wireproof(arguments_, { onStart: (child) => void strike(child) })
}

const commands: [title: string, arguments_: string[], durationMs: number][] = [
  ['up', ['up', '--name', 'cut'], 5_000],
  ['demo', ['demo', '--evidence', directory], 15_000],
]

for (const [title, arguments_, durationMs] of commands)
  describe(`${title}, struck at ten random instants`, () => {
    for (let instant = 0; instant < instants; instant++) {
      const at = Math.round(((instant + Math.random()) * durationMs) / instants)
      const signal = signals[instant % signals.length] ?? 'SIGKILL'
      test(`${signal} after ${at} ms: down leaves nothing`, async () => {
        const outcome = await interrupted(arguments_, at, signal)
        const down = await wireproof(['down', '--all'])
        assert.equal(down.code, 0, down.stderr)
        assert.deepEqual(leftovers(), [], outcome.stderr)
        assert.doesNotMatch(outcome.stderr, /\n\s+at /, 'a stack was printed')
      })
    }
  })

test('the instrument sees what is there: a running lab is reported as leftovers', async () => {
  const { code, stderr } = await wireproof(['up', '--name', 'seen'])
  assert.equal(code, 0, stderr)
  assert.notDeepEqual(leftovers(), [])
  await wireproof(['down', 'seen'])
  assert.deepEqual(leftovers(), [])
})
