import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatapathSettings } from '../cluster/state.ts'
import { nextDatapath } from './transition.ts'

const off = { encryptL3: false, strict: true }
const permissive = { encryptL3: true, strict: false }
const strict = { encryptL3: true, strict: true }

test('a node that starts goes to the settings at once', () => {
  for (const settings of [off, permissive, strict])
    assert.deepEqual(nextDatapath(settings, undefined, () => [off, strict], true).datapath, settings)
})

test('a node is strict only when all others encrypt', () => {
  const early = nextDatapath(strict, off, () => [off, permissive], true)
  assert.deepEqual(early.datapath, permissive)
  assert.ok(early.waiting)
  assert.deepEqual(
    nextDatapath(strict, permissive, () => [permissive, strict], true),
    {
      datapath: strict,
      waiting: undefined,
    },
  )
})

test('a node that is strict stays so when another joins that is not yet', () => {
  assert.deepEqual(nextDatapath(strict, strict, () => [off], true).datapath, strict)
})

test('a node sends in clear only when no other refuses it', () => {
  assert.deepEqual(nextDatapath(off, strict, () => [strict], true).datapath, permissive)
  assert.deepEqual(nextDatapath(off, permissive, () => [strict, permissive], true).datapath, permissive)
  assert.deepEqual(nextDatapath(off, permissive, () => [permissive, off], true).datapath, off)
})

test('peers that do not answer do not keep the settings from being obeyed', () => {
  assert.deepEqual(
    nextDatapath(strict, permissive, () => [off], false),
    { datapath: strict, waiting: undefined },
  )
  assert.deepEqual(
    nextDatapath(off, permissive, () => [strict], false),
    { datapath: off, waiting: undefined },
  )
})

for (const [from, to] of [
  [off, strict],
  [strict, off],
  [permissive, off],
  [off, permissive],
] as [DatapathSettings, DatapathSettings][]) {
  test(`in whatever order nodes take their steps from ${name(from)} to ${name(to)}, nobody refuses what another sends`, () => {
    const seen = new Set<string>()
    const walk = (nodes: readonly DatapathSettings[]) => {
      const key = nodes.map(name).join()
      if (seen.has(key)) return
      seen.add(key)
      const clear = nodes.some((node) => !node.encryptL3)
      const refusal = nodes.some((node) => node.encryptL3 && node.strict)
      assert.ok(!(clear && refusal), key)
      let moved = false
      for (const [at, now] of nodes.entries()) {
        const peers = nodes.filter((_, other) => other !== at)
        const { datapath } = nextDatapath(to, now, () => peers, true)
        if (name(datapath) === name(now)) continue
        moved = true
        walk(nodes.with(at, datapath))
      }
      if (!moved)
        assert.deepEqual(new Set(nodes.map(name)), new Set([name(to)]), 'the walk ends at the settings')
    }
    walk([from, from, from])
    assert.ok(seen.size > 1)
  })
}

function name({ encryptL3, strict }: DatapathSettings): string {
  return encryptL3 ? (strict ? 'strict' : 'permissive') : 'off'
}
