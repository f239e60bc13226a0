import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spoken } from './duration.ts'

test('a duration is said in a unit that fits', () => {
  assert.deepEqual([0, 45_000, 720_000, 10_800_000, 864_000_000].map(spoken), [
    '0 s',
    '45 s',
    '12 min',
    '3 h',
    '10 d',
  ])
})
