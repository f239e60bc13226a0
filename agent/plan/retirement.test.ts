import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CountedState, Retirement } from './retirement.ts'

const state = (packets = 0) =>
  ({
    source: 'a',
    destination: 'b',
    spi: 1,
    reqid: 1,
    mode: 'tunnel',
    lifetime: { packets },
  }) as unknown as CountedState

test('an association is due a second after nobody wanted it any more', () => {
  const retirement = new Retirement()
  retirement.begin(state(), 100)
  retirement.begin(state(), 900)
  assert.deepEqual(retirement.due(1099), [])
  assert.equal(retirement.isPending, true)
  assert.equal(retirement.due(1100).length, 1)
  assert.deepEqual([retirement.due(9999), retirement.isPending], [[], false])
})

test('one that is wanted again stays', () => {
  const retirement = new Retirement()
  retirement.begin(state(), 0)
  retirement.cancel(state())
  assert.deepEqual(retirement.due(5000), [])
})

test('one that nothing arrives on is quiet after a minute, and not while something does', () => {
  const retirement = new Retirement()
  assert.equal(retirement.isQuiet(state(), 0), false)
  for (const [at, packets] of [
    [0, 1],
    [50_000, 2],
    [100_000, 2],
  ] as const)
    retirement.sample([state(packets)], at)
  assert.equal(retirement.isQuiet(state(), 109_999), false)
  assert.equal(retirement.isQuiet(state(), 110_000), true)
})
