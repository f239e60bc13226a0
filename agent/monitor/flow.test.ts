import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClusterPod } from '../cluster/state.ts'
import type { FlowEvent } from '../kernel/datapath-layout.ts'
import { type Epochs, epochOffset, FlowNarrator, type Known } from './flow.ts'

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
  rule: 0,
}

const web: ClusterPod = { name: 'web', node: 'n1', addresses: ['10.0.1.2'], labels: {} }

interface World {
  /** Names by address. */
  readonly nodes?: Readonly<Record<string, string>>
  readonly pods?: readonly ClusterPod[]
  readonly epochs?: Readonly<Record<string, Epochs>>
  readonly ruleName?: Known['ruleName']
}

function narratorOf(world: World, epoch = 0n): FlowNarrator {
  const { nodes = {}, pods = [], epochs = {}, ruleName = () => undefined } = world
  return new FlowNarrator('n1', epoch, {
    ownerOf(address) {
      const pod = pods.find(({ addresses }) => addresses.includes(address))
      const node = pod?.node ?? nodes[address]
      return node === undefined ? undefined : { node, pod }
    },
    epochsOf: (node) => epochs[node],
    ruleName,
  })
}

test('an event becomes a flow with names, the time of day, and whether it is encrypted', () => {
  const narrator = narratorOf({ pods: [{ ...web, labels: { app: 'web' } }] }, 1_000_000_000_000_000_000n)
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

test('a rule is told by its name, where a policy decided', () => {
  const narrator = narratorOf({ ruleName: (rule) => (rule === 7 ? 'default/web/ingress/0' : undefined) })
  assert.equal(narrator.tell({ ...event, rule: 7 }).rule, 'default/web/ingress/0')
  assert.ok(!('rule' in narrator.tell({ ...event, rule: 0 })))
})

test('an address that another pod has got is told as that pod’s, once the narrator is told to forget', () => {
  const pods = [web]
  const narrator = narratorOf({ pods })
  assert.equal(narrator.tell(event).sourcePod, 'web')
  pods[0] = { ...web, name: 'cache' }
  narrator.forget()
  assert.equal(narrator.tell(event).sourcePod, 'cache')
})

describe('the epoch', () => {
  const pod = (node: string, address: string) => ({ ...web, name: `on-${node}`, node, addresses: [address] })
  const narrator = narratorOf({
    nodes: { '192.168.0.1': 'n1', '192.168.0.2': 'n2' },
    pods: [pod('n1', '10.0.1.2'), pod('n2', '10.0.2.2')],
    epochs: { n2: { out: 4, in: 3 } },
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
