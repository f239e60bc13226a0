import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AgentCluster } from './agent-cluster.ts'
import { Charon, type TunnelEnd } from './strongswan/charon.ts'

// Two nodes with a pod each; node n1 also has a strongSwan tunnel to a host outside of the cluster. The tests follow each
// other, as events do.
let cluster: AgentCluster
let charons: [node: Charon, outside: Charon]
const nodes = [1, 2]
const all = (count: number) => ({ sent: count, received: count })

before(async () => {
  cluster = new AgentCluster('coexist')
  for (const id of nodes) cluster.addNode(id)
  cluster.addHost('outside', '192.168.0.200')
  const node: TunnelEnd = {
    namespace: cluster.path('n1'),
    address: cluster.underlay(1),
    inside: '172.16.1.1',
  }
  const outside: TunnelEnd = {
    namespace: cluster.path('outside'),
    address: '192.168.0.200',
    inside: '172.16.9.1',
  }
  for (const [where, { inside }, other] of [
    ['n1', node, outside],
    ['outside', outside, node],
  ] as const) {
    cluster.run(where, ['ip', 'address', 'add', `${inside}/32`, 'dev', 'lo'])
    cluster.run(where, ['ip', 'route', 'add', other.inside, 'via', other.address, 'src', inside])
  }
  charons = [new Charon(node, outside), new Charon(outside, node)]
  await Promise.all(charons.map((charon) => charon.start()))
  charons[0].initiate()
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
  // Neighbours are found and the tunnel stands before anything is counted.
  while ((await cluster.ping(1, 2, 1)).received === 0) await delay(100)
  while ((await cluster.pingFrom('n1', '172.16.9.1', 1)).received === 0) await delay(100)
})

after(async () => {
  for (const charon of charons ?? []) await charon.close()
  await cluster?.close()
})

const isOurs = (reqid: number | undefined) => reqid !== undefined && reqid >>> 24 === 0x57

/** What names IPsec of a node and tells whether it was touched: ours, or others', policies of sockets included. */
function security(id: number, whose: 'ours' | 'others') {
  const wanted = (reqid: number | undefined) => isOurs(reqid) === (whose === 'ours')
  const { states, policies } = cluster.xfrm(id, (xfrm) => ({
    states: xfrm.states().filter(({ reqid }) => wanted(reqid)),
    policies: xfrm.policies().filter(({ template }) => wanted(template?.reqid)),
  }))
  const listed = cluster.run(`n${id}`, ['ip', 'xfrm', 'policy']).stdout
  return {
    states: states
      .map(({ destination, spi, reqid, added, aead }) =>
        [destination, spi, reqid, added, aead!.key.toString('hex')].join(' '),
      )
      .sort(),
    policies: policies.map((policy) => JSON.stringify(policy)).sort(),
    sockets: whose === 'ours' ? 0 : listed.match(/^\s*socket /gm)!.length,
  }
}

/** Both flows while `action` runs: of pods, in our SAs, and of hosts, in strongSwan's. */
async function bothFlow(action: () => Promise<unknown>): Promise<void> {
  const flows = [cluster.ping(1, 2, 200), cluster.ping(2, 1, 200), cluster.pingFrom('n1', '172.16.9.1', 200)]
  await action()
  assert.deepEqual(await Promise.all(flows), [all(200), all(200), all(200)])
}

test('pods and hosts reach each other, each in SAs of their own, and the wire carries nothing but ESP', async () => {
  const packetsOf = (whose: (reqid: number) => boolean) =>
    cluster.xfrm(1, (xfrm) =>
      xfrm
        .states()
        .filter(({ reqid, source }) => whose(reqid) && source === cluster.underlay(1))
        .reduce((sum, { lifetime }) => sum + lifetime.packets, 0),
    )
  const count = () => [packetsOf(isOurs), packetsOf((reqid) => !isOurs(reqid))]
  const before = count()
  const frames = await cluster.onWire(async () => {
    assert.deepEqual(await cluster.ping(1, 2, 5), all(5))
    assert.deepEqual(await cluster.pingFrom('n1', '172.16.9.1', 7), all(7))
  })
  assert.equal(frames.filter((frame) => frame.includes('ESP')).length, 24)
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
  assert.deepEqual(count(), [before[0]! + 5, before[1]! + 7])
  assert.deepEqual((await cluster.agent(1).status()).notices, [], 'nobody is in anybody’s way')
})

test('an agent that looks at everything, is killed and comes back, and goes over to another key, leaves strongSwan’s as it is', async () => {
  const before = security(1, 'others')
  assert.equal(before.states.length, 2)
  assert.equal(before.policies.length, 3)
  const ours = security(1, 'ours')
  await bothFlow(async () => {
    await cluster.settled(1)
    await cluster.killAgent(1)
    await cluster.startAgent(1)
    await cluster.settled(...nodes)
    assert.deepEqual(security(1, 'ours'), ours)
    cluster.rotateKey(4)
    await cluster.settled(...nodes)
  })
  assert.deepEqual(security(1, 'others'), before)
  assert.notDeepEqual(security(1, 'ours'), ours, 'control: what is done to SAs is seen')
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(`strongSwan that ends by ${signal} and comes back leaves ours as they are`, async () => {
    // What the rotation before has left goes a second later.
    await delay(1500)
    const [before, theirs] = [security(1, 'ours'), security(1, 'others')]
    const pods = [cluster.ping(1, 2, 300), cluster.ping(2, 1, 300)]
    for (const charon of charons) await charon.stop(signal)
    await Promise.all(charons.map((charon) => charon.start()))
    charons[0].initiate()
    await cluster.settled(...nodes)
    assert.deepEqual(await Promise.all(pods), [all(300), all(300)])
    assert.deepEqual(security(1, 'ours'), before)
    assert.notDeepEqual(security(1, 'others'), theirs, 'control: strongSwan has made its tunnel anew')
    assert.deepEqual(await cluster.pingFrom('n1', '172.16.9.1', 5), all(5))
  })

test('somebody else’s SA and policy in our own range are told of in a sentence each, and left alone', async () => {
  cluster.xfrm(1, (xfrm) => {
    xfrm.addStates([
      {
        source: '192.0.2.1',
        destination: '192.0.2.2',
        spi: 0x1234,
        reqid: 0x5700_0002,
        mode: 'tunnel',
        aead: { name: 'rfc4106(gcm(aes))', key: Buffer.alloc(20, 1), icvBits: 128 },
      },
    ])
    xfrm.updatePolicies([
      {
        direction: 'out',
        source: '192.0.2.0/24',
        destination: '198.51.100.0/24',
        mark: { value: 0x0e00, mask: 0x0f00 },
        priority: 1,
        template: { source: '192.0.2.1', destination: '192.0.2.2', reqid: 9, mode: 'tunnel' },
      },
    ])
  })
  const ours = security(2, 'ours')
  await bothFlow(async () => {
    await cluster.settled(1)
    await cluster.killAgent(1)
    await cluster.startAgent(1)
    await cluster.settled(...nodes)
  })
  assert.deepEqual(security(2, 'ours'), ours, 'no new keys for it either')
  const { notices, settled } = await cluster.agent(1).status()
  assert.deepEqual(notices, [
    'an SA to 192.0.2.2 with SPI 0x00001234 has reqid 0x57000002, of the range of this agent, and is not its own: it is left alone',
    'an IPsec policy (out, from 192.0.2.0/24 to 198.51.100.0/24) is for mark 0xe00/0xf00, which packets of this agent have, and is not its own: it is left alone',
  ])
  assert.equal(settled, true)
})

test('the clean-up takes what is ours, and leaves what is strongSwan’s or somebody else’s', async () => {
  const before = security(1, 'others')
  await cluster.killAgent(1)
  const program = new URL('../agent/main.ts', import.meta.url).pathname
  const hosts = cluster.pingFrom('n1', '172.16.9.1', 200)
  const { status } = await cluster.finished('n1', [process.execPath, program, '--cleanup', '--wire', 'eth0'])
  assert.equal(status, 0)
  assert.deepEqual(await hosts, all(200))
  assert.deepEqual(security(1, 'others'), before)
  assert.deepEqual(security(1, 'ours').policies, [])
  assert.deepEqual(
    cluster.xfrm(1, (xfrm) =>
      xfrm
        .states()
        .filter(({ reqid }) => isOurs(reqid))
        .map(({ destination }) => destination),
    ),
    ['192.0.2.2'],
  )
})
