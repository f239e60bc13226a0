import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Journal, mustBeginAnew, newIncarnation } from './incarnation.ts'

const journal: Journal = { incarnation: newIncarnation(), used: new Set(['a', 'b']) }
const inKernel = (...fingerprints: string[]) =>
  fingerprints.map((fingerprint) => ({ fingerprint, isWornOut: false }))

test('incarnations are 128 bits and differ', () => {
  assert.match(newIncarnation(), /^[0-9a-f]{32}$/)
  assert.notEqual(newIncarnation(), newIncarnation())
})

test('an agent that restarts goes on with associations that are still there', () => {
  assert.equal(mustBeginAnew(journal, ['a', 'b'], inKernel('a', 'b')), false)
})

test('a key that was in the kernel and is gone is never installed again', () => {
  assert.equal(mustBeginAnew(journal, ['a', 'b'], inKernel('a')), true)
  assert.equal(mustBeginAnew(journal, ['a', 'b'], []), true)
})

test('a key that was never used is installed without further ado', () => {
  assert.equal(mustBeginAnew(journal, ['a', 'b', 'c'], inKernel('a', 'b')), false)
})

test('a key that is not wanted any more may be gone', () => {
  assert.equal(mustBeginAnew(journal, ['b'], inKernel('b')), false)
})

test('keys are made anew when one has protected as much as its suite allows', () => {
  const worn = [...inKernel('b'), { fingerprint: 'a', isWornOut: true }]
  assert.equal(mustBeginAnew(journal, ['a', 'b'], worn), true)
  // An association of an earlier incarnation, still in use until the peer is ready, is on its way out already.
  const earlier = [...inKernel('a', 'b'), { fingerprint: 'z', isWornOut: true }]
  assert.equal(mustBeginAnew(journal, ['a', 'b'], earlier), false)
})
