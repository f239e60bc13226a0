import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../api.ts'
import { reasons } from '../kernel/datapath-layout.ts'
import { syntheticFlow, syntheticLoss } from '../synthetic.ts'
import { version } from '../version.ts'
import { flowMessage, flowResponse, lossResponse, nanoseconds, timestamp } from './message.ts'
import { loadSchema } from './schema.ts'

const { flow: flowType } = loadSchema()

test('a flow of a pod is told with its time, ends, ports, place and decision', () => {
  const flow = syntheticFlow({
    time: '1795600800123456789',
    sourceIdentity: 7,
    destinationIdentity: 4294967295,
  })
  assert.deepEqual(flowMessage(flow), {
    time: { seconds: '1795600800', nanos: 123456789 },
    emitter: { name: 'Wireproof', version },
    verdict: 'FORWARDED',
    IP: { source: '10.0.1.2', destination: '10.0.2.2', ipVersion: 'IPv4', encrypted: true },
    l4: { TCP: { source_port: 40000, destination_port: 80 } },
    source: { identity: 7, namespace: 'default', labels: ['k8s:app=a'], pod_name: 'a' },
    destination: { identity: 4294967295, namespace: 'default', labels: ['k8s:app=b'], pod_name: 'b' },
    Type: 'L3_L4',
    node_name: 'n1',
    event_type: { type: 4, sub_type: 5 },
    traffic_direction: 'EGRESS',
    trace_observation_point: 'FROM_ENDPOINT',
    Summary: 'tcp encrypted (protected, key 3): 4 packets, 400 bytes',
  })
})

const places: readonly (readonly [Flow['hook'], ...unknown[]])[] = [
  ['from-pod', 'FROM_ENDPOINT', 5, 'EGRESS'],
  ['to-wire', 'TO_NETWORK', 11, 'EGRESS'],
  ['from-wire', 'FROM_NETWORK', 10, 'INGRESS'],
  ['to-pod', 'TO_ENDPOINT', 0, 'INGRESS'],
]
for (const [hook, point, subtype, direction] of places)
  test(`${hook} is ${point}`, () => {
    const message = flowMessage(syntheticFlow({ hook }))
    assert.equal(message.trace_observation_point, point)
    assert.deepEqual(message.event_type, { type: 4, sub_type: subtype })
    assert.equal(message.traffic_direction, direction)
  })

test('a drop is a drop event with the reason, by name and by number, and is nowhere', () => {
  const message = flowMessage(
    syntheticFlow({ verdict: 'dropped', reason: 'clear-on-wire', encrypted: false }),
  )
  assert.equal(message.verdict, 'DROPPED')
  assert.equal(message.drop_reason_desc, 'UNENCRYPTED_TRAFFIC')
  assert.equal(message.drop_reason, 195)
  assert.deepEqual(message.event_type, { type: 1, sub_type: 195 })
  assert.equal(message.trace_observation_point, undefined)
})

test('every reason of ours that can drop has one of Hubble’s, with its number', () => {
  const { values } = flowType.root.lookupEnum('flow.DropReason')
  const passing = [
    'same-node',
    'not-protected',
    'encryption-off',
    'protected',
    'out-of-scope',
    'exempt',
    'service',
  ]
  for (const reason of reasons.filter((each) => !passing.includes(each))) {
    const { drop_reason_desc: name, drop_reason: number } = flowMessage(
      syntheticFlow({ verdict: 'dropped', reason }),
    )
    assert.notEqual(name, 'DROP_REASON_UNKNOWN', reason)
    assert.equal(values[name as string], number, reason)
  }
})

test('what is not dropped is forwarded, encrypted or not', () => {
  for (const verdict of ['forwarded', 'encrypted', 'decrypted', 'clear'] as const) {
    const message = flowMessage(syntheticFlow({ verdict, encrypted: verdict === 'encrypted' }))
    assert.equal(message.verdict, 'FORWARDED')
    assert.equal(message.drop_reason_desc, undefined)
    assert.equal((message.IP as { encrypted: boolean }).encrypted, verdict === 'encrypted')
  }
})

const protocols: readonly (readonly [Flow['protocol'], unknown])[] = [
  ['udp', { UDP: { source_port: 40000, destination_port: 80 } }],
  ['ip-132', { SCTP: { source_port: 40000, destination_port: 80 } }],
  ['icmp', { ICMPv4: {} }],
  ['ip-58', { ICMPv6: {} }],
  ['esp', undefined],
  ['ip-47', undefined],
]
for (const [protocol, l4] of protocols)
  test(`layer 4 of ${protocol}`, () => assert.deepEqual(flowMessage(syntheticFlow({ protocol })).l4, l4))

test('ends that are no pods have an identity that Cilium reserves', () => {
  const { sourcePod, destinationPod, sourceLabels, destinationLabels, ...ends } = syntheticFlow()
  const { source, destination } = flowMessage(ends)
  assert.deepEqual(source, { identity: 1, labels: ['reserved:host'] })
  assert.deepEqual(destination, { identity: 6, labels: ['reserved:remote-node'] })
  const { sourceNode, ...nobody } = ends
  assert.deepEqual(flowMessage(nobody).source, { identity: 0, labels: ['reserved:unknown'] })
})

test('IPv6 is told as such', () => {
  const { IP } = flowMessage(syntheticFlow({ source: 'fd00::1', destination: 'fd00::2' }))
  assert.equal((IP as { ipVersion: string }).ipVersion, 'IPv6')
})

test('the published protocol has every field and every name that is used', () => {
  for (const flow of [syntheticFlow(), syntheticFlow({ verdict: 'dropped', reason: 'malformed' })]) {
    const message = flowMessage(flow)
    const decoded = flowType.toObject(
      flowType.decode(flowType.encode(flowType.fromObject(message)).finish()),
      {
        enums: String,
        longs: String,
      },
    )
    assert.deepEqual(decoded, message)
  }
})

test('a response carries node and time of what it tells, and a loss where and how much', () => {
  const time = { seconds: '1795600800' }
  const flow = flowResponse(syntheticFlow(), (message) => message) as { time: object; node_name: string }
  assert.deepEqual([flow.time, flow.node_name], [{ ...time, nanos: 0 }, 'n1'])
  assert.deepEqual(lossResponse(syntheticLoss({ lost: 7 })), {
    lost_events: { source: 'PERF_EVENT_RING_BUFFER', num_events_lost: '7' },
    node_name: 'n1',
    time: { ...time, nanos: 0 },
  })
})

test('times keep their nanoseconds both ways', () => {
  for (const time of [0n, 1n, 1795600800123456789n]) assert.equal(nanoseconds(timestamp(time)), time)
})
