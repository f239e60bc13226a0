import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Announcement, ClusterNode, ClusterState } from '../cluster/state.ts'
import { parseClusterKey } from '../keys/cluster-key.ts'
import { PairKeys } from '../keys/pair-key.ts'
import { peerOf, reqidOf } from './ownership.ts'
import { type Plan, type PlanInput, planNode } from './plan.ts'
import { nameOfPolicy, nameOfState, samePolicy, sameState } from './security.ts'

const strict = { encryptL3: true, strict: true }
const lives = { n1: '11'.repeat(16), n2: '22'.repeat(16), n3: '33'.repeat(16) }
type Name = keyof typeof lives

const node = (id: number): ClusterNode => ({
  name: `n${id}`,
  id,
  underlay: `192.168.0.${id}`,
  podCidr: `10.0.${id}.0/24`,
})

/** A cluster whose agents have told each other everything, unless told otherwise. */
function cluster(changes: Partial<ClusterState> = {}): ClusterState {
  const names = Object.keys(lives) as Name[]
  const announcement = (name: Name): Announcement => {
    const others = Object.fromEntries(
      names.filter((other) => other !== name).map((other) => [other, lives[other]]),
    )
    return { incarnation: lives[name], key: 3, receives: others, sends: others, datapath: strict }
  }
  return {
    settings: strict,
    key: parseClusterKey('3+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128'),
    nodes: [node(1), node(2), node(3)],
    pods: [{ name: 'a', node: 'n1', address: '10.0.1.2', labels: {} }],
    incarnations: new Map(Object.entries(lives)),
    announcements: new Map(names.map((name) => [name, announcement(name)])),
    problems: [],
    ...changes,
  }
}

function plan(id: number, state: ClusterState, kernel?: Plan, incarnation = lives[`n${id}` as Name]): Plan {
  const input: PlanInput = {
    self: node(id),
    incarnation,
    cluster: state,
    keys: new PairKeys(),
    presentStates: kernel?.states ?? [],
    presentPolicies: kernel?.policies ?? [],
    wire: { device: 'eth0', mtu: 1500 },
  }
  return planNode(input)
}

const from = (id: number, plan: Plan) => plan.states.filter((state) => state.source === node(id).underlay)
const silentAbout = (state: ClusterState, name: string) =>
  new Map([...state.announcements].filter(([speaker]) => speaker !== name))

test('what one node sends with is what the other receives with, on every pair, and every key is different', () => {
  const plans = [1, 2, 3].map((id) => plan(id, cluster()))
  const keys = new Set<string>()
  for (const source of [1, 2, 3])
    for (const destination of [1, 2, 3].filter((id) => id !== source)) {
      const to = node(destination).underlay
      const out = from(source, plans[source - 1]!).filter((state) => state.destination === to)
      const heard = from(source, plans[destination - 1]!).filter((state) => state.destination === to)
      assert.equal(out.length, 1)
      assert.equal(heard.length, 1)
      assert.ok(out[0]!.aead!.key.equals(heard[0]!.aead!.key))
      assert.equal(out[0]!.spi, heard[0]!.spi)
      keys.add(out[0]!.aead!.key.toString('hex'))
    }
  assert.equal(keys.size, 6)
})

test('packets marked for a peer must use its association; decrypted ones must carry the mark of who encrypted them', () => {
  const { policies, states } = plan(1, cluster())
  const out = policies.find((policy) => policy.direction === 'out' && policy.destination === '10.0.2.0/24')!
  assert.deepEqual(out.mark, { value: 0x0002_0e00, mask: 0xffff_0f00 })
  assert.equal(out.source, '0.0.0.0/0')
  assert.deepEqual([out.template?.source, out.template?.destination], ['192.168.0.1', '192.168.0.2'])
  assert.equal(out.template?.spi, from(1, { states } as Plan)[0]!.spi)
  for (const direction of ['in', 'fwd']) {
    const policy = policies.find((each) => each.direction === direction && each.source === '10.0.3.0/24')!
    assert.deepEqual(policy.mark, { value: 0x0003_0d00, mask: 0xffff_0f00 })
    assert.equal(policy.destination, '10.0.1.0/24')
    assert.equal(policy.template?.spi, undefined)
  }
  assert.deepEqual(from(3, { states } as Plan)[0]!.outputMark, { value: 0x0003_0d00, mask: 0xffff_0f00 })
})

test('nothing is sent to a node before it has said that it receives; its packets are dropped, not sent in clear', () => {
  const state = cluster()
  const early = plan(1, { ...state, announcements: silentAbout(state, 'n2') })
  assert.deepEqual(
    from(1, early).map((each) => each.destination),
    ['192.168.0.3'],
  )
  assert.equal(from(2, early).length, 1, 'but it is heard')
  const policy = early.policies.find((each) => each.direction === 'out' && each.destination === '10.0.2.0/24')
  assert.ok(policy?.template?.spi, 'a policy names an association that does not exist')
  assert.match(early.peers[0]!.waiting!, /does not receive/)
})

test('what a node said before it was rebooted, or of another cluster key, does not count', () => {
  const state = cluster()
  const reborn = plan(1, {
    ...state,
    incarnations: new Map([...state.incarnations, ['n2', 'ab'.repeat(16)]]),
  })
  assert.ok(reborn.peers[0]!.waiting)
  assert.equal(from(1, reborn).length, 1)
  const rotated = plan(1, { ...state, key: { ...state.key, id: 4 } })
  assert.equal(from(1, rotated).length, 0)
  assert.equal(from(2, rotated).length, 1)
})

test('a node whose agent never started has a policy, and no association', () => {
  const state = cluster()
  const incarnations = new Map(Object.entries(lives).filter(([name]) => name !== 'n2'))
  const { peers, policies } = plan(1, { ...state, incarnations })
  assert.deepEqual(peers[0]!.states, [])
  assert.ok(policies.some((policy) => policy.direction === 'out' && policy.destination === '10.0.2.0/24'))
})

test('while a peer changes keys, packets stay on the earlier association, and the earlier inbound one is kept', () => {
  const state = cluster()
  const kernel = plan(1, state)
  const earlier = kernel.peers[0]!
  const changed = { ...state, incarnations: new Map([...state.incarnations, ['n2', 'ab'.repeat(16)]]) }

  const first = plan(1, changed, kernel).peers[0]!
  assert.equal(first.outboundSpi, earlier.outboundSpi)
  assert.notEqual(first.inboundSpi, earlier.inboundSpi)
  assert.deepEqual(
    first.retained.map((kept) => kept.spi).sort(),
    [earlier.inboundSpi, earlier.outboundSpi].sort(),
  )

  const said = { ...state.announcements.get('n2')!, incarnation: 'ab'.repeat(16), sends: {} }
  const receiving = { ...changed, announcements: new Map([...state.announcements, ['n2', said]]) }
  const second = plan(1, receiving, kernel).peers[0]!
  assert.notEqual(second.outboundSpi, earlier.outboundSpi)
  assert.deepEqual(
    second.retained.map((kept) => kept.spi),
    [earlier.inboundSpi],
  )

  const sending = { ...said, sends: { n1: lives.n1 } }
  const last = plan(
    1,
    { ...changed, announcements: new Map([...state.announcements, ['n2', sending]]) },
    kernel,
  )
  assert.deepEqual(last.peers[0]!.retained, [])
})

test('every known pod address and every node prefix is in the ipcache; routes lead to other nodes, or nowhere', () => {
  const { ipcache, routes } = plan(1, cluster())
  assert.deepEqual(
    ipcache.map((entry) => [entry.prefix, entry.nodeId, entry.isProtected]),
    [
      ['10.0.1.0/24', 1, true],
      ['192.168.0.1/32', 1, false],
      ['10.0.2.0/24', 2, true],
      ['192.168.0.2/32', 2, false],
      ['10.0.3.0/24', 3, true],
      ['192.168.0.3/32', 3, false],
      ['10.0.1.2/32', 1, true],
    ],
  )
  assert.ok(ipcache[6]!.identity > 0)
  assert.deepEqual(
    routes.map((route) => [route.destination, route.via, route.mtu]),
    [
      ['10.0.2.0/24', '192.168.0.2', 1443],
      ['10.0.3.0/24', '192.168.0.3', 1443],
      ['10.0.1.0/24', undefined, undefined],
    ],
  )
})

test('encryption on or off changes neither associations nor policies', () => {
  const off = plan(1, cluster({ settings: { encryptL3: false, strict: true } }))
  assert.deepEqual(off, plan(1, cluster()))
})

test('objects of a plan have names of their own, are the same as themselves, and are known as ours', () => {
  const { states, policies } = plan(1, cluster())
  assert.equal(new Set(states.map(nameOfState)).size, 4)
  assert.equal(new Set(policies.map(nameOfPolicy)).size, 6)
  const [state] = states
  assert.ok(sameState(state!, { ...state! }))
  assert.ok(!sameState(state!, { ...state!, outputMark: { value: 0, mask: 0 } }))
  const [policy] = policies
  assert.ok(samePolicy(policy!, { ...policy!, action: 'allow' }))
  assert.ok(!samePolicy(policy!, { ...policy!, template: { ...policy!.template!, spi: 1 } }))
  assert.ok(!samePolicy(policy!, { ...policy!, template: { ...policy!.template!, optional: true } }))
  assert.equal(peerOf(reqidOf(65_534)), 65_534)
  assert.equal(peerOf(1), undefined)
  assert.equal(peerOf(undefined), undefined)
})

test('a node of two thousand peers plans all of them', () => {
  const nodes = Array.from({ length: 2001 }, (_, at) => ({
    ...node(at + 1),
    underlay: `192.168.${(at + 1) >> 8}.${(at + 1) & 255}`,
    podCidr: `10.${(at + 1) >> 8}.${(at + 1) & 255}.0/24`,
  }))
  const incarnations = new Map(nodes.map(({ name, id }) => [name, id.toString(16).padStart(32, '0')]))
  const input: PlanInput = {
    self: nodes[0]!,
    incarnation: incarnations.get('n1')!,
    cluster: cluster({ nodes, incarnations, announcements: new Map() }),
    keys: new PairKeys(),
    presentStates: [],
    presentPolicies: [],
    wire: { device: 'eth0', mtu: 1500 },
  }
  const start = performance.now()
  const { states, policies } = planNode(input)
  const first = performance.now()
  planNode(input)
  console.log(
    `2000 peers planned in ${(first - start).toFixed()} ms, again in ${(performance.now() - first).toFixed()} ms`,
  )
  assert.equal(states.length, 2000)
  assert.equal(policies.length, 6000)
})
