import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { changeDemoNames } from '../demos/names.ts'
import {
  type BotchedArm,
  botchOf,
  type CheckId,
  type CheckResult,
  type Mishap,
  mishapOf,
} from '../demos/proof/index.ts'
import { kernelsToTest, leftovers, wireproof } from './wireproof.ts'

// What changes under traffic, in its short form: a few rounds. `wireproof demo <name> --rounds 100` is the same, longer.
interface Evidence {
  readonly verdict: string
  readonly checks: readonly CheckResult[]
  readonly played: readonly {
    readonly name: string
    readonly change?: {
      readonly rounds: number
      readonly seed?: string
      readonly moments: readonly unknown[]
    }
  }[]
}

const [kernel] = kernelsToTest
const directory = mkdtempSync(join(tmpdir(), 'wireproof-change-'))
after(() => rmSync(directory, { recursive: true, force: true }))

for (const name of changeDemoNames)
  describe(`the ${name} demo on kernel ${kernel}`, () => {
    const evidence = join(directory, name)
    let bundle: string
    let found: Evidence
    /** Which check has to fail where it was botched. */
    const noticing: Readonly<Record<Mishap, CheckId>> = {
      leak: 'wire.no-cleartext',
      loss: 'app.lossless',
      repetition: 'app.lossless',
      arrival: name === 'policy' ? 'policy.enforced' : 'intruders.stopped',
    }
    const check = (arm: string, id: string) => found.checks.find((each) => each.arm === arm && each.id === id)

    test('ends PROVEN, with what changed in the evidence', async () => {
      const rounds = '3'
      const outcome = await wireproof([
        ...['demo', name, '--kernel', kernel, '--evidence', evidence, '--rounds', rounds],
      ])
      assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
      bundle = join(evidence, readdirSync(evidence)[0]!)
      found = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8'))
      const change = found.played.find((arm) => arm.name === name)?.change
      assert.equal(`${change?.rounds}`, rounds)
      assert.ok(change!.moments.length >= 3)
      assert.match(outcome.stdout, /last clear packet: none/)
    })

    test('lost nothing that it may not lose, and showed nothing in clear', () => {
      const { numbers } = check(name, 'app.lossless')!
      assert.deepEqual([numbers.lost, numbers.repeated], [0, 0])
      assert.ok(numbers.datagrams! > 100, `${numbers.datagrams} datagrams`)
      assert.equal(check(name, 'wire.no-cleartext')?.numbers.clear, 0)
    })

    test('has the same change botched, and saw it', () => {
      const botched: BotchedArm = botchOf(name)
      assert.equal(check(botched, 'sabotage.caught')?.state, 'holds')
      assert.equal(check(botched, noticing[mishapOf(botched)])?.state, 'fails')
    })

    test('leaves evidence that verify recomputes, and a page with the moments', async () => {
      const verified = await wireproof(['verify', bundle])
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
      assert.match(readFileSync(join(bundle, 'report.html'), 'utf8'), /<h2 id="change">Under change/)
    })

    test('leaves nothing on the machine', () => assert.deepEqual(leftovers(), []))
  })

describe('rotate, the verb', () => {
  const lab = 'rotatetest'
  after(() => wireproof(['down', lab]))

  test('gives a running lab a fresh key, which its nodes then send under', async () => {
    const topology = { nodes: [{ name: 'n1' }, { name: 'n2' }], pods: [{ name: 'a1', node: 'n1' }] }
    const up = await wireproof(['up', '--name', lab, '--topology', '-'], { input: JSON.stringify(topology) })
    assert.equal(up.code, 0, up.stderr)
    for (const [from, to] of [
      [3, 4],
      [4, 5],
    ]) {
      const outcome = await wireproof(['rotate', '--lab', lab])
      assert.equal(outcome.code, 0, outcome.stderr)
      assert.match(outcome.stdout, new RegExp(`every node sends under key ${to}, in place of key ${from}`))
      const policies = await wireproof(['exec', '--lab', lab, 'n1', '--', 'ip', 'xfrm', 'policy'])
      assert.match(policies.stdout, new RegExp(`spi 0x${to}[0-9a-f]{7}`))
    }
  })

  test('prints no key', async () => {
    const outcome = await wireproof(['rotate', '--lab', lab])
    assert.doesNotMatch(outcome.stdout + outcome.stderr, /[0-9a-f]{16}/)
  })
})
