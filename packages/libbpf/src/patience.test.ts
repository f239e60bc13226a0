import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patiently } from './patience.ts'

/** Fails so often for want of memory, then returns `last`. */
function attempts(failures: number, last = 0): { attempt: () => number; made: () => number } {
  let made = 0
  return { attempt: () => (made++ < failures ? -12 : last), made: () => made }
}

test('memory that comes a little later is waited for', () => {
  const { attempt, made } = attempts(3)
  assert.equal(patiently(attempt), 0)
  assert.equal(made(), 4)
})

test('memory that does not come is a failure in the end', () => {
  const { attempt, made } = attempts(Number.POSITIVE_INFINITY)
  const started = performance.now()
  assert.equal(patiently(attempt), -12)
  assert.equal(made(), 21)
  assert.ok(performance.now() - started >= 90)
})

test('other failures are not repeated', () => {
  const { attempt, made } = attempts(0, -22)
  assert.equal(patiently(attempt), -22)
  assert.equal(made(), 1)
})

test('progress renews the patience', () => {
  const { attempt } = attempts(30)
  assert.equal(
    patiently(attempt, () => true),
    0,
  )
})
