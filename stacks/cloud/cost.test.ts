import assert from 'node:assert/strict'
import test from 'node:test'
import { estimate, monthly, textOf } from './cost.ts'

const prices = { region: 'somewhere', asOf: '2025-01' }

test('an estimate is the sum of its items', () => {
  const { hourly, isComplete } = estimate([
    { what: 'plane', count: 1, hourly: 0.1 },
    { what: 'node', count: 3, hourly: 0.05 },
  ])
  assert.deepEqual([hourly.toFixed(4), isComplete], ['0.2500', true])
  assert.equal(monthly(73).toFixed(4), '0.1000')
})

test('what it costs is told by the hour and until the end', () => {
  const text = textOf(estimate([{ what: 'node', count: 2, hourly: 0.05 }]), prices, 4 * 3_600_000)
  assert.match(text, /^about \$0\.10 an hour, \$0\.40 until it ends by itself after 4 h:/)
  assert.match(text, /2 × node: \$0\.10 an hour\n {2}list prices of somewhere as of 2025-01/)
})

test('what has no price is not told as if it cost nothing', () => {
  const text = textOf(
    estimate([
      { what: 'node', count: 1, hourly: 0.05 },
      { what: 'x9.mega', count: 2, hourly: undefined },
    ]),
    prices,
    3_600_000,
  )
  assert.match(text, /^about \$0\.0500 an hour and what has no price/)
  assert.match(text, /2 × x9\.mega: no price in the list/)
})
