import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration } from './duration.ts'

test('a duration has a number and a unit', () => {
  assert.deepEqual(
    ['500ms', '30s', '5m', '2h', '1d'].map(duration),
    [500, 30_000, 300_000, 7_200_000, 86_400_000],
  )
  for (const wrong of ['', '5', 's', '0s', '-1s', '5 m', '5w', '1e3s'])
    assert.throws(() => duration(wrong), /Give a number and a unit/)
})
