import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../api.ts'
import { syntheticFlow } from '../synthetic.ts'
import { type FlowFilter, parseFilters } from './filter.ts'
import { loadSchema } from './schema.ts'

const { sourcePod, sourceLabels, ...fromNode } = syntheticFlow()

/** Each filter with a flow that it means and one that it does not. */
const filters: readonly (readonly [FlowFilter, meant: Partial<Flow>, notMeant: Partial<Flow>])[] = [
  [{ source_ip: ['10.0.1.2'] }, {}, { source: '10.0.1.3' }],
  [{ source_ip: ['10.9.9.9', '10.0.0.0/16'] }, {}, { source: '10.1.0.1' }],
  [{ source_ip: ['0.0.0.0/0'] }, {}, { source: 'fd00::1' }],
  [{ destination_ip: ['fd00::/8'] }, { destination: 'fd00::1' }, {}],
  [{ source_pod: ['a'] }, {}, { sourcePod: 'b' }],
  [{ source_pod: ['default/a'] }, { sourcePod: 'a2' }, { sourcePod: 'ba' }],
  [{ source_pod: ['/a', '/c'] }, { sourcePod: 'c' }, { sourcePod: 'b' }],
  [{ destination_pod: ['default/'] }, {}, { destinationPod: undefined as never }],
  [{ source_label: ['app=a'] }, {}, { sourceLabels: { app: 'b' } }],
  [{ source_label: ['tier', 'k8s:app=a'] }, {}, { sourceLabels: {} }],
  [{ destination_label: ['app in (b, c)'] }, {}, { destinationLabels: { app: 'd' } }],
  [{ source_identity: [7, 8] }, { sourceIdentity: 8 }, { sourceIdentity: 9 }],
  [
    { destination_identity: [6] },
    { ...fromNode, destinationPod: undefined as never },
    { destinationIdentity: 7 },
  ],
  [{ source_port: ['40000'] }, {}, { sourcePort: 40001 }],
  [{ destination_port: ['80', '443'] }, { destinationPort: 443 }, { destinationPort: undefined as never }],
  [{ protocol: ['TCP'] }, {}, { protocol: 'udp' }],
  [{ protocol: ['icmp', 'esp'] }, { protocol: 'ip-58' }, {}],
  [{ verdict: ['DROPPED'] }, { verdict: 'dropped' }, { verdict: 'clear' }],
  [{ verdict: ['FORWARDED', 'AUDIT'] }, { verdict: 'clear' }, { verdict: 'dropped' }],
  [
    { drop_reason_desc: ['UNENCRYPTED_TRAFFIC'] },
    { verdict: 'dropped', reason: 'clear-from-wire' },
    { verdict: 'dropped', reason: 'malformed' },
  ],
  [{ drop_reason_desc: ['UNENCRYPTED_TRAFFIC'] }, { verdict: 'dropped', reason: 'clear-on-wire' }, {}],
  [{ event_type: [{ type: 1 }] }, { verdict: 'dropped' }, {}],
  [{ event_type: [{ type: 4, match_sub_type: true, sub_type: 11 }] }, { hook: 'to-wire' }, {}],
  [{ event_type: [{ type: 4, match_sub_type: true }] }, { hook: 'to-pod' }, {}],
  [{ event_type: [{ type: 129 }, {}] }, {}, {}],
  [{ traffic_direction: ['INGRESS'] }, { hook: 'from-wire' }, { hook: 'to-wire' }],
  [{ ip_version: ['IPv6'] }, { source: 'fd00::1' }, {}],
  [{ node_name: ['n1'] }, {}, { node: 'n10' }],
  [{ node_name: ['n*', 'x'] }, { node: 'n10' }, { node: 'm1' }],
  [{ node_name: ['default/'] }, {}, {}],
  [{ node_name: ['default/n*'] }, {}, { node: 'm1' }],
  [{ encrypted: [true] }, {}, { encrypted: false }],
  [{ encrypted: [false] }, { encrypted: false }, {}],
  [{ encrypted: [true, false] }, {}, {}],
]

const meaningAll: readonly FlowFilter[] = [
  { event_type: [{ type: 129 }, {}] },
  { node_name: ['default/'] },
  { encrypted: [true, false] },
]

for (const [filter, meant, notMeant] of filters)
  test(`a filter means what it says: ${JSON.stringify(filter)}`, () => {
    const matches = parseFilters([filter], [])
    assert.equal(matches(syntheticFlow(meant)), true)
    const all = meaningAll.some((each) => JSON.stringify(each) === JSON.stringify(filter))
    assert.equal(matches(syntheticFlow(notMeant)), all)
  })

test('a pod that nobody knows is in no namespace', () => {
  assert.equal(parseFilters([{ source_pod: ['default/'] }], [])(fromNode), false)
})

test('fields of a filter are all meant, filters of a list each', () => {
  const both = parseFilters([{ source_pod: ['a'], destination_port: ['443'] }], [])
  assert.deepEqual([both(syntheticFlow()), both(syntheticFlow({ destinationPort: 443 }))], [false, true])
  const either = parseFilters([{ source_pod: ['a'] }, { destination_port: ['443'] }], [])
  assert.deepEqual([either(syntheticFlow()), either(syntheticFlow({ sourcePod: 'c' }))], [true, false])
})

test('what is excluded is left out, also where nothing is included', () => {
  const without = parseFilters([], [{ destination_port: ['80'] }])
  assert.deepEqual(
    [without(syntheticFlow()), without(syntheticFlow({ destinationPort: 443 }))],
    [false, true],
  )
  assert.equal(parseFilters([{ source_pod: ['a'] }], [{ protocol: ['tcp'] }])(syntheticFlow()), false)
})

test('every field of the published filter is either understood or refused by name', () => {
  const names = Object.keys(loadSchema().flow.root.lookupType('flow.FlowFilter').fields)
  const understood = new Set(filters.flatMap(([filter]) => Object.keys(filter)))
  assert.equal(understood.size, 18)
  for (const name of names) {
    if (understood.has(name)) continue
    const refusal = { code: 12, details: new RegExp(`the filter ${name} is not supported`) }
    assert.throws(() => parseFilters([{ [name]: ['x'] }], []), refusal)
    assert.throws(() => parseFilters([], [{ [name]: ['x'] }]), refusal)
  }
})

const wrong: readonly (readonly [FlowFilter, RegExp])[] = [
  [{ source_ip: ['10.0.1'] }, /"10\.0\.1" is neither/],
  [{ source_ip: ['10.0.1.2/33'] }, /neither/],
  [{ destination_ip: ['10.0.1.2/'] }, /neither/],
  [{ destination_ip: ['fd00::/129'] }, /neither/],
  [{ source_ip: ['web'] }, /neither/],
  [{ source_pod: [''] }, /empty/],
  [{ source_label: ['app=a=b'] }, /label selector/],
  [{ destination_port: ['65536'] }, /"65536" is no port/],
  [{ destination_port: ['-1'] }, /no port/],
  [{ protocol: ['http'] }, /"http" is not supported: allowed are tcp/],
  [{ protocol: ['constructor'] }, /not supported/],
  [{ verdict: [99] }, /verdict has no value 99/],
  [{ node_name: [''] }, /no pattern/],
  [{ node_name: ['a/b/c'] }, /no pattern/],
  [{ node_name: ['n(1'] }, /no pattern/],
]
for (const [filter, details] of wrong)
  test(`a value that makes no sense is refused: ${JSON.stringify(filter)}`, () =>
    assert.throws(() => parseFilters([filter], []), { code: 3, details }))
