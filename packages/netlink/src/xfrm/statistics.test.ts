import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStatistics } from './statistics.ts'

test('counters are read by name, whatever the padding', () => {
  assert.deepEqual(parseStatistics('XfrmInError             \t3\nXfrmOutNoStates 12\n'), {
    XfrmInError: 3,
    XfrmOutNoStates: 12,
  })
})

test('what is not a counter is not invented', () => {
  assert.deepEqual(parseStatistics('\nXfrmInError\nsome words 3\n'), {})
})
