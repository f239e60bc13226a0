import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { syntheticStatus } from '../synthetic.ts'
import { AgentMetrics, type Sample } from './metrics.ts'

const sample: Sample = {
  status: syntheticStatus({
    notices: ['policy default/web selects no pod, and changes nothing until it does'],
    counters: {
      'from-pod/encrypted/protected': { packets: 5, bytes: 500 },
      'to-wire/dropped/clear-on-wire': { packets: 3, bytes: 300 },
      'to-pod/dropped/wrong-node': { packets: 1, bytes: 100 },
    },
  }),
  associations: [
    { peer: 'n2', direction: 'out', spi: 0x30010001, state: 'current', packets: 5, bytes: 420 },
    { peer: 'n2', direction: 'in', spi: 0x30020002, state: 'current', packets: 4, bytes: 336 },
  ],
  refused: { XfrmInNoStates: 2, XfrmOutNoStates: 0 },
  told: { forwarded: 0, encrypted: 9, decrypted: 8, clear: 0, dropped: 4 },
  lost: { ring: 6, reader: 0 },
  clockSteps: 2,
  hasFailed: false,
}

type Labels = Record<string, string>

/** The value of a series, or undefined where there is none. */
async function read(what: Sample, name: string, labels: Labels = {}, metrics = new AgentMetrics('n1')) {
  const family = parsePrometheusTextFormat((await metrics.expose(what)).text).find(
    (each) => each.name === name,
  )
  const series = family?.metrics.find((each) =>
    Object.entries(labels).every(([label, value]) => each.labels?.[label] === value),
  )
  return series && Number(series.value)
}

const cases: [string, Labels, number][] = [
  ['wireproof_build_info', {}, 1],
  ['wireproof_encrypt_l3', {}, 1],
  ['wireproof_strict', { node: 'n1' }, 1],
  ['wireproof_peers', { state: 'expected' }, 1],
  ['wireproof_peers', { state: 'waiting' }, 0],
  ['wireproof_security_associations', { direction: 'out', state: 'current' }, 1],
  ['wireproof_security_associations', { direction: 'out', state: 'earlier' }, 0],
  ['wireproof_peer_bytes_total', { peer: 'n2', direction: 'in' }, 336],
  ['wireproof_xfrm_errors_total', { error: 'XfrmInNoStates' }, 2],
  ['wireproof_xfrm_errors_total', { error: 'XfrmOutNoStates' }, 0],
  ['wireproof_packets_total', { hook: 'to-wire', verdict: 'dropped', reason: 'clear-on-wire' }, 3],
  ['wireproof_bytes_total', { hook: 'from-pod', verdict: 'encrypted', reason: 'protected' }, 500],
  ['wireproof_dropped_packets_total', { reason: 'wrong-node' }, 1],
  ['wireproof_dropped_packets_total', { reason: 'clear-from-wire' }, 0],
  ['wireproof_flow_events_total', { verdict: 'decrypted' }, 8],
  ['wireproof_flow_events_lost_total', { where: 'ring' }, 6],
  ['wireproof_notices', {}, 1],
  ['wireproof_clock_steps_total', {}, 2],
  ['wireproof_key_id', {}, 3],
  ['wireproof_rotation_pending_peers', {}, 0],
]

for (const [name, labels, value] of cases)
  test(`${name} ${JSON.stringify(labels)} is what the agent knows`, async () => {
    assert.equal(await read(sample, name, labels), value)
  })

test('a scrape counts nothing twice', async () => {
  const metrics = new AgentMetrics('n1')
  await metrics.expose(sample)
  assert.equal(await read(sample, 'wireproof_dropped_packets_total', { reason: 'wrong-node' }, metrics), 1)
  assert.equal(
    await read(sample, 'wireproof_peer_bytes_total', { peer: 'n2', direction: 'in' }, metrics),
    336,
  )
})

test('a peer under another key than the cluster’s is one that has not moved', async () => {
  const [peer] = sample.status.peers as [Sample['status']['peers'][number]]
  const { inboundEpoch: _, ...uncertain } = peer
  for (const peers of [[{ ...peer, outboundEpoch: 2 }], [uncertain]])
    assert.equal(
      await read({ ...sample, status: { ...sample.status, peers } }, 'wireproof_rotation_pending_peers'),
      1,
    )
})

test('an agent of 5,000 nodes exposes no more series than one of few', async () => {
  const seriesOf = async (what: Sample) =>
    (await new AgentMetrics('n1').expose(what)).text.split('\n').filter((line) => !line.startsWith('#'))
      .length
  const [peer] = sample.status.peers as [Sample['status']['peers'][number]]
  const names = Array.from({ length: 4999 }, (_, index) => `n${index + 2}`)
  const large: Sample = {
    ...sample,
    status: { ...sample.status, peers: names.map((node) => ({ ...peer, node })) },
    associations: names.flatMap((name) => sample.associations.map((each) => ({ ...each, peer: name }))),
  }
  assert.equal(await seriesOf(large), await seriesOf(sample))
})

describe('what is written of metrics', () => {
  const file = (path: string) =>
    readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const named = (text: string) => new Set(text.match(/\b(?:wireproof|process)_[a-z0-9_]+\b/g))
  const exposed = async () =>
    new Set(
      parsePrometheusTextFormat((await new AgentMetrics('n1').expose(sample)).text).map(({ name }) => name),
    )

  test('the dashboard draws every metric there is, and no other', async () => {
    const { panels } = JSON.parse(file('deploy/monitoring/wireproof-dashboard.json'))
    const expressions = panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    )
    assert.deepEqual(named(expressions.join('\n')), await exposed())
  })

  test('the page about metrics names every one, and no other', async () => {
    assert.deepEqual(named(file('docs/metrics.md')), await exposed())
  })

  test('alerts are about metrics that there are', async () => {
    const all = await exposed()
    assert.deepEqual(
      [...named(file('deploy/monitoring/alerts.yaml'))].filter((name) => !all.has(name)),
      [],
    )
  })
})

test('the parser of this test refuses what is not the format', () => {
  assert.throws(() => parsePrometheusTextFormat('wireproof_strict{node="n1" 1\n'))
})
