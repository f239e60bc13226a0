import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { before, describe, test } from 'node:test'
import { playedDemo } from './played-demo.ts'
import { kernelsToTest, leftovers } from './wireproof.ts'

interface Evidence {
  readonly verdict: string
  readonly kernel: { readonly kind: string; readonly release: string }
  readonly arms: Record<string, { readonly verdict: string }>
}

const [kernel] = kernelsToTest

/** Kernels do not differ by how many nodes there are, and where processors are emulated each costs a minute. */
const small = {
  nodes: [{ name: 'n1' }, { name: 'n2' }],
  pods: [
    { name: 'a1', node: 'n1' },
    { name: 'b1', node: 'n2' },
  ],
}

describe(`the transparent-encryption demo on kernel ${kernel}`, () => {
  const played = kernel.startsWith('qemu')
    ? playedDemo(['--topology', '-'], JSON.stringify(small))
    : playedDemo([])
  let evidence: Evidence
  before(() => {
    evidence = JSON.parse(readFileSync(join(played.bundle, 'evidence.json'), 'utf8'))
  })

  test('judges the encrypted arm PROVEN and the permissive sabotage a LEAK', () => {
    assert.match(played.outcome.stdout, /PROVEN/)
    assert.equal(evidence.verdict, 'PROVEN')
    assert.equal(evidence.arms.encrypted?.verdict, 'PROVEN')
    assert.equal(evidence.arms['policies-deleted/permissive']?.verdict, 'LEAK')
  })

  test('names the kernel it ran on', () => {
    const { release } = evidence.kernel
    assert.match(release, /^\d+\.\d+/)
    const asked = /^qemu:(.*)/.exec(kernel)?.[1]
    if (asked !== undefined) assert.ok(release.startsWith(`${asked}.`), release)
    assert.ok(readFileSync(join(played.bundle, 'report.html'), 'utf8').includes(release))
  })

  test('prints no key, and writes keys only where it says so', () => {
    const { bundle, outcome } = played
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

  test('leaves nothing on the machine', () => assert.deepEqual(leftovers(), []))
})

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
