import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthOf, longestSilence, readinessOf } from './health.ts'

const answers = () => {}

test('an agent that makes its passes and whose kernel answers is healthy', () => {
  assert.equal(healthOf(longestSilence, 0, answers).ok, true)
})

test('an agent whose passes do not come any more is not', () => {
  const { ok, checks } = healthOf(longestSilence + 1, 0, answers)
  assert.equal(ok, false)
  assert.deepEqual(checks, [{ name: 'event loop', problem: 'no pass for 150001 ms' }, { name: 'netlink' }])
})

test('an agent whose kernel does not answer is not, and says why', () => {
  const refuse = () => {
    throw new Error('ENODEV')
  }
  assert.deepEqual(healthOf(0, 0, refuse), {
    ok: false,
    checks: [{ name: 'event loop' }, { name: 'netlink', problem: 'ENODEV' }],
  })
})

const ready = { datapath: [], failure: undefined, waiting: [] }

test('a node is ready when its datapath is in place, its last pass succeeded and it waits for nobody', () => {
  assert.equal(readinessOf(ready).ok, true)
})

for (const [name, change] of [
  ['datapath', { datapath: ['the egress program is not on the wire'] }],
  ['last pass', { failure: 'the cluster store’s key is not there' }],
  ['settled', { waiting: ['n2: its agent has not started'] }],
] as const)
  test(`a node is not ready for want of: ${name}`, () => {
    const { ok, checks } = readinessOf({ ...ready, ...change })
    assert.equal(ok, false)
    assert.deepEqual(
      checks.filter(({ problem }) => problem).map((check) => check.name),
      [name],
    )
  })
