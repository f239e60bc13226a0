import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kernelsToTest, leftovers, type Outcome, wireproof } from './wireproof.ts'

interface Evidence {
  readonly verdict: string
  readonly kernel: { readonly kind: string; readonly release: string }
  readonly arms: Record<string, { readonly verdict: string }>
  readonly checks: readonly { readonly id: string; readonly arm: string; readonly state: string }[]
}

const [first, ...others] = kernelsToTest

for (const play of [transparentEncryption, fireDrill]) {
  play(first)
  test(`on kernel ${first} it leaves nothing on the machine`, () => assert.deepEqual(leftovers(), []))
  // Each emulator keeps one processor busy.
  describe('on other kernels, side by side', { concurrency: others.length || 1 }, () => others.forEach(play))
  test('all of it leaves nothing on the machine', () => assert.deepEqual(leftovers(), []))
}

function transparentEncryption(kernel: string): void {
  describe(`the transparent-encryption demo on kernel ${kernel}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'wireproof-demo-'))
    let outcome: Outcome
    let bundle: string

    before(async () => {
      outcome = await wireproof(['demo', '--kernel', kernel, '--evidence', directory])
      bundle = join(directory, readdirSync(directory)[0] ?? 'no bundle')
    })
    after(() => rmSync(directory, { recursive: true, force: true }))

    test('ends PROVEN with exit code 0', () => {
      assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
      assert.match(outcome.stdout, /PROVEN/)
    })

    test('judges the encrypted arm PROVEN and the permissive sabotage a LEAK', () => {
      const evidence: Evidence = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8'))
      assert.equal(evidence.verdict, 'PROVEN')
      assert.equal(evidence.arms.encrypted?.verdict, 'PROVEN')
      assert.equal(evidence.arms['policies-deleted/permissive']?.verdict, 'LEAK')
    })

    test('names the kernel it ran on', () => {
      const evidence: Evidence = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8'))
      assert.match(evidence.kernel.release, /^\d+\.\d+/)
      assert.ok(readFileSync(join(bundle, 'report.html'), 'utf8').includes(evidence.kernel.release))
    })

    test('leaves evidence that verify recomputes to the same verdict', async () => {
      const verified = await wireproof(['verify', bundle])
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
      assert.match(verified.stdout, /PROVEN/)
    })

    test('prints no key, and writes keys only where it says so', () => {
      const keys = (JSON.parse(readFileSync(join(bundle, 'sas.json'), 'utf8')) as { key: string }[]).map(
        ({ key }) => key,
      )
      assert.ok(keys.length > 0)
      const declared = new Set(['sas.json', 'wire.opened.pcapng'])
      for (const key of keys) {
        assert.ok(!(outcome.stdout + outcome.stderr).includes(key.slice(0, 32)))
        for (const file of files(bundle)) {
          const name = relative(bundle, file)
          if (declared.has(name) || name.startsWith('wireshark/')) continue
          assert.ok(!readFileSync(file).includes(key.slice(0, 32)), `${name} holds a key`)
        }
      }
    })
  })
}

function fireDrill(kernel: string): void {
  describe(`the fire drill on kernel ${kernel}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'wireproof-drill-'))
    after(() => rmSync(directory, { recursive: true, force: true }))

    test('breaks seven things in two modes, and each shows as it must', async () => {
      const outcome = await wireproof(['demo', 'fire-drill', '--kernel', kernel, '--evidence', directory])
      assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
      const bundle = join(directory, readdirSync(directory)[0]!)
      const { arms, checks }: Evidence = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8'))
      const caught = checks.filter(({ id, state }) => id === 'sabotage.caught' && state === 'holds')
      assert.equal(caught.length, 14)
      const leaks = Object.entries(arms).flatMap(([arm, { verdict }]) => (verdict === 'LEAK' ? [arm] : []))
      assert.deepEqual(leaks, [
        'control',
        'policies-deleted/permissive',
        'mark-cleared/permissive',
        'pod-unguarded/permissive',
        'wrong-key/permissive',
        'wrong-key/strict',
        'agent-bypassed/permissive',
        'agent-bypassed/strict',
      ])
      assert.equal((await wireproof(['verify', bundle])).code, 0)
    })
  })
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
