import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Flow } from '../agent/api.ts'
import { isOwnMetric } from '../agent/plan/ownership.ts'
import { AgentCluster } from './agent-cluster.ts'
import { eventually } from './eventually.ts'

// Three nodes with a pod each. The tests follow each other on the same cluster, as events do.
let cluster: AgentCluster
const nodes = [1, 2, 3]
const on = { encryptL3: true, strict: true }
const off = { encryptL3: false, strict: true }
const all = (count: number) => ({ sent: count, received: count })

before(bringUp)

async function bringUp(): Promise<void> {
  cluster = new AgentCluster('agent')
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
}

after(() => cluster?.close())

test('pods of different nodes reach each other, and the wire carries nothing but ESP', async () => {
  const frames = await cluster.onWire(async () => {
    for (const from of nodes)
      for (const to of nodes.filter((id) => id !== from))
        assert.deepEqual(await cluster.ping(from, to, 5), all(5))
  })
  assert.equal(frames.filter((frame) => frame.includes('ESP')).length, 60)
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
})

test('with encryption off the same wire shows the cleartext, and off and on again loses no packet', async () => {
  let clear: string[] = []
  const pings = [cluster.ping(1, 2, 150), cluster.ping(2, 3, 150), cluster.ping(3, 1, 150)]
  await delay(300)
  cluster.configure(off)
  await cluster.settled(...nodes)
  clear = await cluster.onWire(() => delay(300))
  cluster.configure(on)
  await cluster.settled(...nodes)
  const encrypted = await cluster.onWire(() => delay(300))
  assert.deepEqual(await Promise.all(pings), [all(150), all(150), all(150)])
  assert.ok(clear.some((frame) => frame.includes('ICMP echo request')))
  assert.ok(encrypted.length > 0)
  assert.deepEqual(
    encrypted.filter((frame) => !frame.includes('ESP')),
    [],
  )
})

test('an agent that is killed leaves its node protected, and its successor goes on with the same keys', async () => {
  const before = cluster.xfrm(1, (xfrm) => xfrm.states())
  const pings = cluster.ping(1, 2, 150)
  const frames = await cluster.onWire(async () => {
    await delay(200)
    await cluster.killAgent(1)
    await delay(200)
    await cluster.startAgent(1)
    await cluster.settled(...nodes)
    assert.deepEqual(await pings, all(150))
  })
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
  const after = cluster.xfrm(1, (xfrm) => xfrm.states())
  const names = (states: typeof before) => states.map((state) => `${state.destination} ${state.spi}`).sort()
  assert.deepEqual(names(after), names(before))
  for (const state of after)
    assert.ok(
      state.replay.sent >=
        before.find(({ spi, destination }) => spi === state.spi && destination === state.destination)!.replay
          .sent,
      'sequence numbers go on',
    )
  assert.deepEqual((await cluster.agent(1).status()).pods, ['p1'])
})

test('policies that vanish come back with the same keys; associations that vanish come back with new ones', async () => {
  const keys = () => cluster.xfrm(1, (xfrm) => xfrm.states().map((state) => state.aead!.key.toString('hex')))
  const first = new Set(keys())
  const frames = await cluster.onWire(async () => {
    cluster.xfrm(1, (xfrm) => xfrm.flushPolicies())
    await cluster.settled(...nodes)
    assert.deepEqual(new Set(keys()), first)
    assert.deepEqual(await cluster.ping(1, 2, 5), all(5))

    cluster.xfrm(1, (xfrm) => xfrm.flushStates())
    await cluster.settled(...nodes)
    assert.equal(keys().filter((key) => first.has(key)).length, 0, 'no key is installed twice')
    assert.deepEqual(await cluster.ping(1, 2, 5), all(5))
    assert.deepEqual(await cluster.ping(3, 1, 5), all(5))
  })
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
})

test('a route or a gate that someone took away is put back at once', async () => {
  const gate = () =>
    /to_wire.* id (\d+)/.exec(
      cluster.run('n1', ['tc', 'filter', 'show', 'dev', 'eth0', 'egress']).stdout,
    )?.[1]
  assert.ok(gate())
  cluster.route(1, (route) => route.removeRoute({ destination: '10.0.2.0/24' }))
  cluster.run('n1', ['tc', 'qdisc', 'del', 'dev', 'eth0', 'clsact'])
  await delay(500)
  assert.deepEqual(await cluster.ping(1, 2, 5), all(5))
  assert.ok(gate(), 'the gate stands again')
})

test('a node cannot speak in the name of a pod of another node, although its packets decrypt', async () => {
  const counted = async (key: string) => (await cluster.agent(1).status()).counters[key]?.packets ?? 0
  const mark = `${0x0e00}`
  const speak = (address: string) => {
    cluster.run('n2', ['ip', 'address', 'add', `${address}/32`, 'dev', 'lo'])
    cluster.run('n2', [
      'ping',
      '-q',
      '-c',
      '5',
      '-i',
      '0.01',
      '-W',
      '0.2',
      '-m',
      mark,
      '-I',
      address,
      cluster.podAddress(1),
    ])
    cluster.run('n2', ['ip', 'address', 'del', `${address}/32`, 'dev', 'lo'])
  }
  const before = [
    await counted('from-wire/decrypted/protected'),
    await counted('from-wire/dropped/wrong-node'),
  ]
  speak('10.0.2.77')
  assert.equal(await counted('from-wire/decrypted/protected'), before[0]! + 5, 'in its own name it may')
  assert.equal(await counted('from-wire/dropped/wrong-node'), before[1])
  speak('10.0.3.77')
  assert.equal(await counted('from-wire/dropped/wrong-node'), before[1]! + 5)
  assert.equal(await counted('from-wire/decrypted/protected'), before[0]! + 5)
})

test('flows tell which pods spoke, and that it was encrypted', async () => {
  const stop = new AbortController()
  const seen: Flow[] = []
  const reading = (async () => {
    for await (const flow of cluster.agent(3).flows(stop.signal)) seen.push(flow)
  })()
  const arrived = () => seen.find((each) => each.hook === 'to-pod' && each.sourcePod === 'p2')
  // One flow is told of once a second, and nobody says when the stream has begun.
  for (let attempt = 0; attempt < 20 && !arrived(); attempt++) await cluster.ping(2, 3, 20)
  stop.abort()
  await reading
  const flow = arrived()
  assert.ok(flow, JSON.stringify(seen))
  assert.deepEqual(
    [flow.node, flow.protocol, flow.destinationPod, flow.verdict, flow.encrypted],
    ['n3', 'icmp', 'p3', 'decrypted', true],
  )
  assert.ok(Math.abs(Number(BigInt(flow.time) / 1_000_000n) - Date.now()) < 5000)
})

test('a node that joins under traffic disturbs nobody, and is reached; one that leaves is forgotten', async () => {
  const pings = cluster.ping(1, 2, 150)
  const frames = await cluster.onWire(async () => {
    cluster.addNode(4)
    await cluster.startAgent(4)
    await cluster.addPod(4)
    await cluster.settled(...nodes, 4)
    assert.deepEqual(await cluster.ping(4, 1, 5), all(5))
    assert.deepEqual(await pings, all(150))
  })
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
  const ofFour = () =>
    cluster.xfrm(1, (xfrm) =>
      xfrm
        .states()
        .filter(({ source, destination }) => [source, destination].includes(cluster.underlay(4)))
        .map(({ spi }) => spi),
    )
  const before = ofFour()
  assert.equal(before.length, 2)
  cluster.removeNode(4)
  await cluster.killAgent(4)
  // Another node has its addresses at once, and none of its keys.
  cluster.describeNode('heir', 4)
  try {
    const towardsHeir = () =>
      cluster.xfrm(1, (xfrm) =>
        xfrm
          .policies()
          .filter((each) => each.direction === 'out' && each.destination === '10.0.4.0/24')
          .map(({ template }) => ({
            gateway: template?.destination,
            known: before.includes(template?.spi ?? 0),
          })),
      )
    await eventually(
      () => {
        assert.deepEqual(ofFour(), [])
        assert.deepEqual(towardsHeir(), [{ gateway: cluster.underlay(4), known: false }])
      },
      { withinMs: 5000, everyMs: 20 },
    )
  } finally {
    cluster.forgetNode('heir')
  }
  await cluster.settled(...nodes)
  await delay(1500)
  assert.equal(cluster.xfrm(1, (xfrm) => xfrm.states()).length, 4)
  assert.equal(cluster.xfrm(1, (xfrm) => xfrm.policies()).length, 6)
})

test('a cluster key that is rotated under traffic changes every key and loses no packet', async () => {
  const before = new Set(cluster.xfrm(1, (xfrm) => xfrm.states().map((state) => state.spi >>> 28)))
  assert.deepEqual(before, new Set([3]))
  const pings = [cluster.ping(1, 2, 150), cluster.ping(3, 1, 150)]
  await delay(300)
  cluster.rotateKey(4)
  await cluster.settled(...nodes)
  assert.deepEqual(await Promise.all(pings), [all(150), all(150)])
  assert.deepEqual(
    new Set(cluster.xfrm(1, (xfrm) => xfrm.states().map((state) => state.spi >>> 28))),
    new Set([4]),
  )
})

test('a node that is told to gives itself new keys when they are old, under traffic, and loses no packet', async () => {
  const keysOf = (id: number) =>
    cluster.xfrm(id, (xfrm) => new Set(xfrm.states().map((state) => state.aead!.key.toString('hex'))))
  await cluster.killAgent(2)
  await cluster.startAgent(2, ['--rekey-after', '2s'])
  await cluster.settled(...nodes)
  const before = keysOf(2)
  const pings = [cluster.ping(1, 2, 300), cluster.ping(2, 3, 300), cluster.ping(1, 3, 300)]
  assert.deepEqual(await Promise.all(pings), [all(300), all(300), all(300)])
  await cluster.killAgent(2)
  await cluster.startAgent(2)
  await cluster.settled(...nodes)
  assert.deepEqual(
    [...keysOf(2)].filter((key) => before.has(key)),
    [],
  )
})

test('what is not ours is left alone, also by the clean-up, which leaves nothing that is', async () => {
  const foreign = {
    source: '192.0.2.1',
    destination: '192.0.2.2',
    spi: 0x1234,
    reqid: 7,
    mode: 'tunnel',
    aead: { name: 'rfc4106(gcm(aes))', key: Buffer.alloc(20), icvBits: 128 },
  } as const
  cluster.xfrm(1, (xfrm) => xfrm.addStates([foreign]))
  await cluster.settled(1)
  assert.ok(cluster.xfrm(1, (xfrm) => xfrm.states()).some((state) => state.reqid === 7))
  await cluster.killAgent(1)
  const ownRoutes = () =>
    cluster.route(1, (route) => route.routes()).filter(({ metric }) => isOwnMetric(metric)).length
  assert.ok(ownRoutes() > 0)
  const program = new URL('../agent/main.ts', import.meta.url).pathname
  assert.equal(cluster.run('n1', [process.execPath, program, '--cleanup', '--wire', 'eth0']).status, 0)
  assert.deepEqual(
    cluster.xfrm(1, (xfrm) => xfrm.states().map((state) => state.reqid)),
    [7],
  )
  assert.deepEqual(
    cluster.xfrm(1, (xfrm) => xfrm.policies()),
    [],
  )
  assert.equal(ownRoutes(), 0)
  for (const device of ['eth0', 'p1'])
    assert.doesNotMatch(cluster.run('n1', ['tc', 'filter', 'show', 'dev', device, 'ingress']).stdout, /from_/)
})
