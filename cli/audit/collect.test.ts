import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlowRecord } from '../../agent/api.ts'
import type { FlowQuery } from '../../agent/monitor/filter.ts'
import { syntheticFlow, syntheticStatus } from '../../agent/synthetic.ts'
import { auditFor, auditPast } from './collect.ts'

const { signal } = new AbortController()

/** A lab of agents that answer as they are told to; each look at the counters sees one more packet in clear. */
function labOf(
  changes: { status?: () => never; records?: () => AsyncIterable<FlowRecord>; restarts?: boolean } = {},
) {
  const asked: FlowQuery[] = []
  let looks = 0
  return {
    asked,
    status: async () => {
      changes.status?.()
      looks++
      const started = changes.restarts ? `2026-11-25T10:00:0${looks}.000Z` : syntheticStatus().started
      return syntheticStatus({
        started,
        counters: { 'to-wire/clear/clear-on-wire': { packets: looks, bytes: 1 } },
      })
    },
    records: (_node: string, query: FlowQuery): AsyncIterable<FlowRecord> => {
      asked.push(query)
      return changes.records?.() ?? some()
    },
  }
}

async function* some(): AsyncGenerator<FlowRecord> {
  yield syntheticFlow()
}

test('the past is asked for as far back as the window goes, and not waited for', async () => {
  const lab = labOf()
  const { window, testimonies } = await auditPast(lab, ['n1'], 5000)
  assert.equal(window.to.getTime() - window.from.getTime(), 5000)
  assert.deepEqual(lab.asked, [{ since: 5000, follow: false }])
  assert.deepEqual([testimonies[0]?.records.length, testimonies[0]?.clearPackets], [1, undefined])
})

test('what is watched is compared with the counters from before', async () => {
  const lab = labOf()
  const { testimonies } = await auditFor(lab, ['n1'], 5, signal)
  assert.equal(testimonies[0]?.clearPackets, 1)
  assert.ok(lab.asked[0]!.since! >= 5)
})

test('counters of another life of the agent are not compared', async () => {
  const { testimonies } = await auditFor(labOf({ restarts: true }), ['n1'], 5, signal)
  assert.equal(testimonies[0]?.clearPackets, undefined)
})

test('an agent that does not answer, or not to the end, is said not to', async () => {
  const refuse = (): never => {
    throw new Error('nobody listens')
  }
  const silent = await auditPast(labOf({ status: refuse }), ['n1'], 5000)
  assert.deepEqual(silent.testimonies, [{ node: 'n1', records: [], problem: 'nobody listens' }])
  async function* broken(): AsyncGenerator<FlowRecord> {
    yield syntheticFlow()
    refuse()
  }
  const { testimonies } = await auditPast(labOf({ records: broken }), ['n1'], 5000)
  assert.deepEqual([testimonies[0]?.problem, testimonies[0]?.records.length], ['nobody listens', 1])
})
