import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FlowEvent } from '../kernel/datapath-layout.ts'
import { epochOffset, FlowNarrator } from './flow.ts'

const event: FlowEvent = {
  time: 5n,
  source: '10.0.1.2',
  destination: '10.0.2.2',
  packets: 3n,
  bytes: 300n,
  sourcePort: 4711,
  destinationPort: 80,
  protocol: 6,
  hook: 'from-pod',
  verdict: 'encrypted',
  reason: 'protected',
  sourceIdentity: 77,
  destinationIdentity: 0,
  mark: 0,
}

test('an event becomes a flow with names, the time of day, and whether it is encrypted', () => {
  const narrator = new FlowNarrator('n1', 1_000_000_000_000_000_000n)
  narrator.know({
    nodes: [],
    pods: [{ name: 'web', node: 'n1', address: '10.0.1.2', labels: { app: 'web' } }],
    epochs: new Map(),
  })
  assert.deepEqual(narrator.tell(event), {
    time: '1000000000000000005',
    node: 'n1',
    hook: 'from-pod',
    protocol: 'tcp',
    source: '10.0.1.2',
    destination: '10.0.2.2',
    sourcePort: 4711,
    destinationPort: 80,
    sourceNode: 'n1',
    sourcePod: 'web',
    sourceLabels: { app: 'web' },
    sourceIdentity: 77,
    verdict: 'encrypted',
    reason: 'protected',
    encrypted: true,
    packets: 3,
    bytes: 300,
  })
  assert.equal(narrator.tell({ ...event, verdict: 'clear' }).encrypted, false)
  assert.equal(narrator.tell({ ...event, protocol: 132 }).protocol, 'ip-132')
})

test('an address that another pod has got is told as that pod’s', () => {
  const narrator = new FlowNarrator('n1', 0n)
  const know = (name: string) =>
    narrator.know({
      nodes: [],
      pods: [{ name, node: 'n1', address: '10.0.1.2', labels: {} }],
      epochs: new Map(),
    })
  know('web')
  know('web')
  assert.equal(narrator.tell(event).sourcePod, 'web')
  know('cache')
  assert.equal(narrator.tell(event).sourcePod, 'cache')
})

describe('the epoch', () => {
  const narrator = new FlowNarrator('n1', 0n)
  const pod = (node: string, address: string) => ({ name: `on-${node}`, node, address, labels: {} })
  narrator.know({
    nodes: [
      { name: 'n1', underlay: '192.168.0.1' },
      { name: 'n2', underlay: '192.168.0.2' },
    ],
    pods: [pod('n1', '10.0.1.2'), pod('n2', '10.0.2.2')],
    epochs: new Map([['n2', { out: 4, in: 3 }]]),
  })
  const outer = { protocol: 50, source: '192.168.0.1', destination: '192.168.0.2' }
  const back = { source: '10.0.2.2', destination: '10.0.1.2', verdict: 'decrypted' } as const
  const cases: [string, Partial<FlowEvent>, number | undefined][] = [
    ['of what is sent is the one sent under', {}, 4],
    ['of ESP on its way out too', { ...outer, hook: 'to-wire' }, 4],
    ['of what arrives is the one received under', { ...back, hook: 'to-pod' }, 3],
    ['is absent where nothing is encrypted', { verdict: 'clear', reason: 'encryption-off' }, undefined],
    ['is absent where nobody knows the peer', { destination: '10.0.9.2' }, undefined],
  ]
  for (const [what, changes, epoch] of cases)
    test(what, () => assert.equal(narrator.tell({ ...event, ...changes }).epoch, epoch))
})

test('the kernel clock is brought to the time of day', () => {
  const told = epochOffset() + process.hrtime.bigint()
  assert.ok(Math.abs(Number(told / 1_000_000n) - Date.now()) < 100)
})
