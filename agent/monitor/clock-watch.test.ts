import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockWatch } from './clock-watch.ts'

const hour = 3_600_000

test('a clock that goes on, or drifts, is not told of', () => {
  const watch = new ClockWatch(5_000_000, 0)
  for (let steady = 1000; steady < 100_000; steady += 1000)
    assert.equal(watch.look(5_000_000 + steady * 1.0005, steady), 0)
  assert.deepEqual([watch.steps, watch.notices(100_000)], [0, []])
})

test('a clock that is set is told of in one sentence, for an hour, and counted', () => {
  const watch = new ClockWatch(5_000_000, 0)
  assert.equal(watch.look(5_001_000 + hour, 1000), hour)
  assert.equal(watch.look(5_002_000 + hour, 2000), 0, 'once')
  assert.match(watch.notices(2000).join(), /^the clock was set forward by 60 min, or the machine slept: /)
  assert.equal(watch.look(5_003_000, 3000), -hour)
  assert.match(watch.notices(3000).join(), /^the clock was set back by 60 min: /)
  assert.equal(watch.steps, 2)
  assert.deepEqual(watch.notices(3000 + hour), [])
})
