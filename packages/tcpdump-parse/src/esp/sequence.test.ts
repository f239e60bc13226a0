import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SequenceTracker } from './sequence.ts'

const at = (high: number, low: number): SequenceTracker => {
  const tracker = new SequenceTracker(high)
  tracker.accept(high, low)
  return tracker
}

test('the upper half is the one that RFC 4303 appendix A2 infers', () => {
  // The window lies within one turn of the lower half: what is before it belongs to the next turn.
  assert.equal(at(3, 0x80000000).candidates(0x80000001)[0], 3)
  assert.equal(at(3, 0x80000000).candidates(0x7fffff00)[0], 3)
  assert.equal(at(3, 0x80000000).candidates(5)[0], 4)
  // The window reaches back over a turn.
  assert.equal(at(3, 5).candidates(6)[0], 3)
  assert.equal(at(3, 5).candidates(0xfffffff0)[0], 2)
  assert.equal(at(0, 5).candidates(0xfffffff0)[0], 0)
})

test('others that may be are tried after it, none twice and none below zero', () => {
  assert.deepEqual(at(3, 0x80000000).candidates(0x80000001), [3, 4, 2])
  assert.deepEqual(at(3, 0x80000000).candidates(5), [4, 3, 2])
  assert.deepEqual(new SequenceTracker().candidates(1), [0, 1])
})

test('there is no number beyond the last', () => {
  assert.deepEqual(at(0xffffffff, 0x80000000).candidates(0x80000001), [0xffffffff, 0xfffffffe])
  assert.deepEqual(at(0xffffffff, 0x80000000).candidates(5), [0xffffffff, 0xfffffffe])
})

test('the highest number counts, whatever comes after it', () => {
  const tracker = at(3, 100)
  tracker.accept(2, 0xffffffff)
  tracker.accept(3, 50)
  assert.equal(tracker.candidates(101)[0], 3)
  tracker.accept(4, 0)
  assert.equal(tracker.candidates(101)[0], 4)
})
