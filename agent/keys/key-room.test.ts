import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeForKey } from './key-room.ts'

test('thousands of keys lie side by side, each in a place of its own', () => {
  const keys = Array.from({ length: 10_000 }, (_, at) => placeForKey(20).fill(at & 255))
  assert.ok(keys.every((key, at) => key.length === 20 && key.every((byte) => byte === (at & 255))))
  assert.ok(new Set(keys.map(({ buffer }) => buffer)).size <= 5)
})

test('a key longer than all places there are has one all the same', () => {
  assert.equal(placeForKey(100_000).length, 100_000)
})
