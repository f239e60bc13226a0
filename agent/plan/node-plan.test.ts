import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decryptedMarkOf, localNode, markEncrypt, markMask } from '../kernel/datapath-layout.ts'
import { parseClusterKey } from '../keys/cluster-key.ts'
import { pairKey } from '../keys/pair-key.ts'
import { MemoryCluster } from '../simulation/memory-cluster.ts'
import { SimulatedNode } from '../simulation/simulated-node.ts'
import { peerOf, reqidOf } from './ownership.ts'
import type { PeerPlan } from './peer.ts'
import { nameOfPolicy, nameOfState, samePolicy, sameState } from './security.ts'

const strict = { encryptL3: true, strict: true }
const keyOf = (id: number) =>
  parseClusterKey(`${id}+ rfc4106(gcm(aes)) ${`0${id.toString(16)}`.repeat(20)} 128`)
const describe = (id: number) => ({
  name: `n${id}`,
  underlay: `192.168.0.${id}`,
  podCidrs: [`10.0.${id}.0/24`],
})

/** Nodes whose agents have told each other everything. */
function cluster(...ids: number[]) {
  const memory = new MemoryCluster({ ...strict, clusterCidrs: ['10.0.0.0/8'] }, keyOf(3))
  const nodes = new Map<number, SimulatedNode>()
  let now = 0
  const add = (id: number, described: ReturnType<typeof describe> = describe(id)) => {
    memory.putNode(described)
    nodes.set(id, new SimulatedNode(memory, described))
    nodes.get(id)!.start()
    return nodes.get(id)!
  }
  const settle = () => {
    for (let round = 0; round < 8; round++) {
      now += 500
      for (const node of nodes.values()) if (node.isRunning) node.pass(now)
    }
  }
  for (const id of ids) add(id)
  settle()
  const node = (id: number) => nodes.get(id)!
  const peer = (of: number, id: number) => node(of).plan.peer(`n${id}`)!
  const states = (id: number) => [...node(id).kernel.states.values()]
  return { memory, nodes, node, add, settle, peer, states, pass: (id: number) => node(id).pass(now) }
}

const routeTo = ({ kernel }: SimulatedNode, prefix: string) =>
  [...kernel.routes.values()].find(({ destination }) => destination === prefix)

const spis = ({ states }: PeerPlan) => states.map(({ spi }) => spi)

test('what one node sends with is what the other receives with, on every pair, and every key is different', () => {
  const { states, node } = cluster(1, 2, 3)
  const keys = new Set<string>()
  for (const source of [1, 2, 3])
    for (const destination of [1, 2, 3].filter((id) => id !== source)) {
      const between = (at: number) =>
        states(at).filter(
          (state) =>
            state.source === node(source).node.underlay &&
            state.destination === node(destination).node.underlay,
        )
      const [out, heard] = [between(source), between(destination)]
      assert.deepEqual([out.length, heard.length], [1, 1])
      assert.ok(out[0]!.aead!.key.equals(heard[0]!.aead!.key))
      assert.equal(out[0]!.spi, heard[0]!.spi)
      keys.add(out[0]!.aead!.key.toString('hex'))
    }
  assert.equal(keys.size, 6)
})

test('packets that must be encrypted use the association of whose pods they are for; decrypted ones carry the mark of who encrypted them', () => {
  const { node, peer } = cluster(1, 2, 3)
  const policies = [...node(1).kernel.policies.values()]
  const out = policies.find((each) => each.direction === 'out' && each.destination === '10.0.2.0/24')!
  assert.deepEqual(out.mark, { value: markEncrypt, mask: markMask })
  assert.equal(out.source, '0.0.0.0/0')
  assert.deepEqual([out.template?.source, out.template?.destination], ['192.168.0.1', '192.168.0.2'])
  assert.equal(out.template?.spi, peer(1, 2).outboundSpi)
  const { number } = peer(1, 3)
  for (const direction of ['in', 'fwd']) {
    const policy = policies.find((each) => each.direction === direction && each.source === '10.0.3.0/24')!
    assert.deepEqual(policy.mark, { value: decryptedMarkOf(number), mask: markMask })
    assert.equal(policy.destination, '10.0.1.0/24')
    assert.equal(policy.template?.spi, undefined)
  }
  assert.equal(peer(1, 3).states[0]!.outputMark?.value, decryptedMarkOf(number))
})

test('a node of both families has policies and routes for each, and no policy that mixes them', () => {
  const { add, settle, node, peer } = cluster()
  add(2, { name: 'n2', underlay: 'fd00::2', podCidrs: ['10.0.2.0/24', 'fd00:2::/64'] })
  add(3, { name: 'n3', underlay: 'fd00::3', podCidrs: ['fd00:3::/64', '10.0.3.0/24'] })
  settle()
  const between = [...node(2).kernel.policies.values()]
    .filter(({ template }) => template?.reqid === reqidOf(peer(2, 3).number))
    .map(({ direction, source, destination }) => `${direction} ${source} ${destination}`)
  assert.deepEqual(between.sort(), [
    'fwd 10.0.3.0/24 10.0.2.0/24',
    'fwd fd00:3::/64 fd00:2::/64',
    'in 10.0.3.0/24 10.0.2.0/24',
    'in fd00:3::/64 fd00:2::/64',
    'out 0.0.0.0/0 10.0.3.0/24',
    'out ::/0 fd00:3::/64',
  ])
  assert.equal(routeTo(node(2), 'fd00:3::/64')?.via, 'fd00::3')
  assert.equal(routeTo(node(2), 'fd00:2::/64')?.type, 'blackhole')
  assert.equal(routeTo(node(2), '10.0.3.0/24')?.via, 'fd00::3')
})

test('pods in IPv6 behind nodes in IPv4 are routed without a next hop, which IPv6 could not have', () => {
  const { add, settle, node } = cluster()
  for (const id of [1, 2]) add(id, { ...describe(id), podCidrs: [`10.0.${id}.0/24`, `fd00:${id}::/64`] })
  settle()
  assert.deepEqual(
    ['10.0.2.0/24', 'fd00:2::/64'].map((prefix) => routeTo(node(1), prefix)?.via),
    ['192.168.0.2', undefined],
  )
})

test('nothing is sent to a node before it has said that it receives; its packets are dropped, not sent in clear', () => {
  const { add, pass, peer, states, memory } = cluster(1)
  add(2)
  memory.publishLife('n2', 'ab'.repeat(16))
  pass(1)
  const plan = peer(1, 2)
  assert.match(plan.waiting!, /does not receive/)
  assert.deepEqual(
    states(1).map(({ destination }) => destination),
    ['192.168.0.1'],
    'but it is heard',
  )
  const policy = plan.policies.find(({ direction }) => direction === 'out')
  assert.ok(policy?.template?.spi, 'the policy names an association that does not exist')
})

test('a node whose agent never started has policies, and no association', () => {
  const { memory, pass, peer } = cluster(1)
  memory.putNode(describe(2))
  pass(1)
  assert.deepEqual(peer(1, 2).states, [])
  assert.match(peer(1, 2).waiting!, /has not started/)
  assert.equal(peer(1, 2).policies.length, 3)
})

test('while a key changes, packets stay on the earlier association until the peer receives, and the earlier inbound one until it sends', () => {
  const { memory, pass, peer, settle, states } = cluster(1, 2)
  const before = peer(1, 2)
  memory.key = keyOf(4)
  pass(2)
  assert.equal(peer(2, 1).outboundSpi, before.inboundSpi)
  assert.deepEqual(
    peer(2, 1)
      .retained.map(({ spi }) => spi)
      .sort(),
    spis(before).sort(),
  )
  pass(1)
  assert.notEqual(peer(1, 2).outboundSpi, before.outboundSpi)
  assert.deepEqual(
    peer(1, 2).retained.map(({ spi }) => spi),
    [before.inboundSpi],
  )
  settle()
  assert.deepEqual(peer(1, 2).retained, [])
  assert.deepEqual(new Set(states(1).map(({ spi }) => spi >>> 28)), new Set([4]))
})

test('what a node said before it was rebooted, or of another cluster key, does not count', () => {
  const { memory, pass, peer } = cluster(1, 2)
  memory.publishLife('n2', 'ab'.repeat(16))
  pass(1)
  assert.ok(peer(1, 2).waiting)
  const said = memory.announcements.get('n2')!
  memory.announce('n2', { ...said, incarnation: 'ab'.repeat(16), key: '3:0000' })
  pass(1)
  assert.ok(peer(1, 2).waiting)
  memory.announce('n2', { ...said, incarnation: 'ab'.repeat(16) })
  pass(1)
  assert.equal(peer(1, 2).waiting, undefined)
})

test('two senders whose SPIs are the same are heard under different ones', () => {
  const receiver = { underlay: '192.168.0.1', incarnation: '11'.repeat(16) }
  const life = (number: number) => number.toString(16).padStart(32, '0')
  const spiOf = (id: number, incarnation: string) =>
    pairKey(keyOf(3), { underlay: `192.168.0.${id}`, incarnation }, receiver, 0).spi
  const lives = new Map<number, string>()
  for (let number = 0; number < 20_000; number++) lives.set(spiOf(2, life(number)), life(number))
  let twins: [string, string] | undefined
  for (let number = 0; !twins; number++) {
    const twin = lives.get(spiOf(3, life(number)))
    if (twin !== undefined) twins = [twin, life(number)]
  }
  const memory = new MemoryCluster({ ...strict, clusterCidrs: [] }, keyOf(3))
  const start = (id: number, incarnation: string) => {
    memory.putNode(describe(id))
    const node = new SimulatedNode(memory, describe(id), { incarnation })
    node.start()
    return node
  }
  const nodes = [start(1, receiver.incarnation), start(2, twins[0]), start(3, twins[1])] as const
  for (let now = 0; now < 4000; now += 500) for (const node of nodes) node.pass(now)
  const heard = ['n2', 'n3'].map((name) => nodes[0].plan.peer(name)!)
  assert.notEqual(heard[0]!.inboundSpi, heard[1]!.inboundSpi)
  assert.deepEqual(Object.values(memory.announcements.get('n1')!.attempts), [1])
  for (const [at, sender] of [nodes[1], nodes[2]].entries()) {
    assert.equal(sender.plan.peer('n1')!.outboundSpi, heard[at]!.inboundSpi)
    assert.equal(sender.plan.peer('n1')!.waiting, undefined)
  }
  const { attempts } = memory.announcements.get('n1')!
  nodes[0].stop()
  nodes[0].start()
  nodes[0].pass(5000)
  assert.deepEqual(memory.announcements.get('n1')!.attempts, attempts, 'also after a restart')
})

test('an address or prefix that another node has is not given away, and is as soon as that one has gone', () => {
  const { memory, pass, node, peer } = cluster(1, 2)
  memory.putNode({ ...describe(3), podCidrs: ['10.0.2.128/25'] })
  const { problems } = pass(1)
  assert.deepEqual(problems, ['node n3 claims 10.0.2.128/25, which overlaps what node n2 has'])
  assert.equal(node(1).plan.peer('n3'), undefined)
  memory.removeNode('n2')
  assert.deepEqual(pass(1).problems, [])
  assert.deepEqual(peer(1, 3).node.podCidrs, ['10.0.2.128/25'])
})

test('a node that cannot be reached is named, and disturbs nobody', () => {
  const { memory, pass } = cluster(1, 2)
  memory.putNode({ ...describe(3), underlay: 'fd00::3' })
  const { problems, waiting } = pass(1)
  assert.match(problems.join(), /node n3 is at fd00::3, which cannot be reached from 192\.168\.0\.1/)
  assert.deepEqual(waiting, [])
})

test('a node that is described anew in a way that cannot be stays what it was', () => {
  const { memory, pass, peer } = cluster(1, 2, 3)
  memory.putNode({ ...describe(3), podCidrs: ['10.0.2.0/24'] })
  assert.equal(pass(1).problems.length, 1)
  assert.deepEqual(peer(1, 3).node, describe(3))
})

test('a number is not given to another node while the kernel still knows it', () => {
  const { memory, node, peer, settle, add } = cluster(1, 2)
  const { number } = peer(1, 2)
  memory.removeNode('n2')
  node(2).stop()
  const other = add(4)
  node(1).pass(0)
  assert.notEqual(peer(1, 4).number, number)
  settle()
  assert.ok([...node(1).kernel.states.values()].every(({ reqid }) => peerOf(reqid) !== number))
  assert.ok(other)
})

test('encryption on or off changes neither associations nor policies', () => {
  const { memory, node, settle } = cluster(1, 2)
  const before = [[...node(1).kernel.states.keys()], [...node(1).kernel.policies.keys()]]
  memory.settings = { ...memory.settings, encryptL3: false }
  settle()
  assert.deepEqual([[...node(1).kernel.states.keys()], [...node(1).kernel.policies.keys()]], before)
})

test('a pass over a cluster that has not changed writes nothing, and neither does an agent that starts again', () => {
  const { node, settle } = cluster(1, 2, 3)
  const { writes } = node(1).kernel
  settle()
  node(1).pass(10_000, true)
  assert.equal(node(1).kernel.writes, writes)
  const addresses = node(1).kernel.addresses.size
  node(1).stop()
  node(1).start()
  node(1).pass(20_000)
  assert.equal(node(1).kernel.writes, writes + addresses, 'its own map is filled, all else is as it was')
})

test('objects of a plan have names of their own, are the same as themselves, and are known as ours', () => {
  const { node, peer } = cluster(1, 2, 3)
  assert.equal(new Set([...node(1).kernel.states.values()].map(nameOfState)).size, 4)
  assert.equal(new Set([...node(1).kernel.policies.values()].map(nameOfPolicy)).size, 6)
  const [state] = peer(1, 2).states
  const aead = state!.aead!
  const copy = {
    ...state!,
    aead: { ...aead, key: Buffer.from(aead.key) },
    encryption: undefined,
    authentication: undefined,
  }
  assert.ok(sameState(state!, copy))
  assert.ok(!sameState(state!, { ...copy, aead: { ...aead, key: Buffer.alloc(20) } }))
  assert.ok(!sameState(state!, { ...state!, outputMark: { value: 0, mask: 0 } }))
  const [policy] = peer(1, 2).policies
  assert.ok(samePolicy(policy!, { ...policy!, action: 'allow' }))
  assert.ok(!samePolicy(policy!, { ...policy!, template: { ...policy!.template!, spi: 1 } }))
  assert.ok(!samePolicy(policy!, { ...policy!, template: { ...policy!.template!, optional: true } }))
  assert.equal(peerOf(reqidOf(0xff_ffff)), 0xff_ffff)
  assert.ok(reqidOf(localNode + 1) > 0)
  assert.equal(peerOf(1), undefined)
  assert.equal(peerOf(undefined), undefined)
})

const outboundTo = ({ kernel }: SimulatedNode, prefix: string) =>
  [...kernel.policies.values()].find(
    ({ direction, destination }) => direction === 'out' && destination === prefix,
  )

test('pods’ addresses that go to another node in one pass are sent to that one, and to no other', () => {
  const { memory, node, add, pass, peer, settle } = cluster(1, 2)
  memory.removeNode('n2')
  node(2).stop()
  add(4, { ...describe(4), podCidrs: describe(2).podCidrs })
  pass(1)
  const [prefix] = describe(2).podCidrs as [string]
  assert.equal(outboundTo(node(1), prefix)?.template?.destination, '192.168.0.4')
  assert.equal(node(1).kernel.addresses.get(prefix)?.node, peer(1, 4).number)
  settle()
  assert.equal(outboundTo(node(1), prefix)?.template?.destination, '192.168.0.4')
  assert.equal(peer(1, 4).waiting, undefined)
})

for (const passes of [1, 2])
  test(`the heir of a node’s addresses is sent nothing under its keys and heard under none of them, ${passes === 1 ? 'in one pass' : 'after it was gone'}`, () => {
    const { memory, node, nodes, pass, states, peer, settle } = cluster(1, 2)
    const before = states(1).map(({ spi }) => spi)
    assert.equal(before.length, 2)
    memory.removeNode('n2')
    node(2).stop()
    nodes.delete(2)
    if (passes === 2) pass(1)
    const described = { ...describe(2), name: 'n9' }
    memory.putNode(described)
    const heir = new SimulatedNode(memory, described)
    heir.start()
    heir.pass(0)
    pass(1)
    const kept = states(1).filter(({ spi }) => before.includes(spi))
    assert.deepEqual(kept, [], 'nothing of the predecessor is left')
    const { template } = outboundTo(node(1), '10.0.2.0/24')!
    assert.ok(!before.includes(template!.spi!))
    nodes.set(9, heir)
    settle()
    assert.equal(peer(1, 9).waiting, undefined)
  })

test('a node whose pods’ addresses come one by one is sent to at each, under the keys that it had before there were any', () => {
  const { memory, add, settle, node, peer, states } = cluster()
  const describedAt = (id: number, ...pods: string[]) => ({
    name: `n${id}`,
    underlay: `10.90.16.${id}`,
    podCidrs: pods.map((address) => `${address}/32`),
  })
  for (const id of [1, 2]) add(id, describedAt(id))
  settle()
  const outward = () =>
    [...node(1).kernel.policies.values()]
      .filter(({ direction }) => direction === 'out')
      .map(({ destination, template }) => [destination, template?.spi])
  const before = states(1).map(({ spi }) => spi)
  assert.deepEqual([before.length, outward()], [2, []])
  memory.putNode(describedAt(1, '10.90.16.101'))
  memory.putNode(describedAt(2, '10.90.16.102', '10.90.16.103'))
  settle()
  const { outboundSpi, hasKeys } = peer(1, 2)
  assert.equal(hasKeys, true)
  assert.deepEqual(outward().sort(), [
    ['10.90.16.102/32', outboundSpi],
    ['10.90.16.103/32', outboundSpi],
  ])
  assert.deepEqual(
    states(1).map(({ spi }) => spi),
    before,
  )
  memory.putNode(describedAt(2, '10.90.16.103'))
  settle()
  assert.deepEqual(outward(), [['10.90.16.103/32', outboundSpi]])
})
