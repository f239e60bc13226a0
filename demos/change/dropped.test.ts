import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../../agent/api.ts'
import { summedUp } from './dropped.ts'

const flow: Flow = {
  time: '1',
  node: 'n1',
  hook: 'from-pod',
  protocol: 'udp',
  source: '10.0.1.2',
  destination: '10.0.2.2',
  sourcePod: 'a1',
  destinationPod: 'b1',
  verdict: 'dropped',
  reason: 'policy-denied',
  rule: 'default/deny/egress',
  encrypted: false,
  packets: 2,
  bytes: 200,
}

test('what agents dropped is summed up by flow, place and reason, and nothing else is told', () => {
  const { node, hook, protocol, reason, rule } = flow
  const what = { node, hook, protocol, reason, rule, fromPod: 'a1', toPod: 'b1' }
  const passed: Flow = { ...flow, verdict: 'encrypted', reason: 'protected' }
  assert.deepEqual(summedUp([flow, passed, { ...flow, packets: 5 }, { ...flow, hook: 'to-pod' }]), [
    { ...what, packets: 7 },
    { ...what, hook: 'to-pod', packets: 2 },
  ])
})
