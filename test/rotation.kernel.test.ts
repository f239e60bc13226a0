import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import { lock } from '../lab/netns/lock.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { keepRotating } from '../lab/netns/rotation.ts'
import { AgentCluster } from './agent-cluster.ts'

const all = (count: number) => ({ sent: count, received: count })

describe('a rotation that an agent does not live to see the end of', () => {
  // Three nodes with a pod each. The tests follow each other on the same cluster.
  let cluster: AgentCluster
  const nodes = [1, 2, 3]
  const pairs = [
    [1, 2],
    [2, 1],
    [2, 3],
    [3, 1],
  ] as const

  before(async () => {
    cluster = new AgentCluster('rotation')
    for (const id of nodes) cluster.addNode(id)
    await Promise.all(nodes.map((id) => cluster.startAgent(id)))
    for (const id of nodes) await cluster.addPod(id)
    await cluster.settled(...nodes)
  })

  after(() => cluster?.close())

  /** The id of the cluster key that a node sends to another under, by its kernel. */
  const sendsUnder = (from: number, to: number) =>
    cluster.xfrm(
      from,
      (xfrm) =>
        xfrm
          .policies()
          .find(({ direction, destination }) => direction === 'out' && destination === `10.0.${to}.0/24`)!
          .template!.spi! >>> 28,
    )
  const keysIn = (id: number) =>
    cluster.xfrm(id, (xfrm) => new Set(xfrm.states().map(({ spi }) => spi >>> 28)))
  const until = async (what: string, holds: () => boolean) => {
    for (let attempt = 0; !holds(); attempt++) {
      assert.ok(attempt < 500, `it never came to pass that ${what}`)
      await delay(10)
    }
  }
  const nothingInClear = (frames: readonly string[]) =>
    assert.deepEqual(
      frames.filter((frame) => !frame.includes('ESP')),
      [],
    )

  test('goes on when the agent is there again, from between receiving under the new key and sending under it', async () => {
    const pings = pairs.map(([from, to]) => cluster.ping(from, to, 300))
    const frames = await cluster.onWire(async () => {
      await delay(200)
      cluster.pauseAgent(3)
      cluster.rotateKey(4)
      await until('n2 receives under key 4', () => cluster.announced(2).key.startsWith('4:'))
      await cluster.killAgent(2)
      cluster.resumeAgent(3)
      await until('n3 sends to n2 under key 4', () => sendsUnder(3, 2) === 4)
      assert.equal(sendsUnder(2, 3), 3, 'the dead agent’s node is half-way')
      await delay(1500)
      assert.ok(keysIn(3).has(3), 'what it sends under is still received')
      assert.deepEqual(
        await Promise.all(pings),
        pairs.map(() => all(300)),
      )
      await cluster.startAgent(2)
      await cluster.settled(...nodes)
    })
    nothingInClear(frames)
    for (const id of nodes) await until(`n${id} has nothing of key 3`, () => !keysIn(id).has(3))
    for (const [from, to] of pairs) assert.equal(sendsUnder(from, to), 4)
  })

  test('does not keep the others from each other, nor from the pods of its node, however often the key is changed', async () => {
    await cluster.killAgent(2)
    const pings = pairs.map(([from, to]) => cluster.ping(from, to, 400))
    const frames = await cluster.onWire(async () => {
      for (const key of [5, 6, 7]) {
        cluster.rotateKey(key)
        await until(
          `n1 and n3 speak under key ${key}`,
          () => sendsUnder(1, 3) === key && sendsUnder(3, 1) === key,
        )
        await delay(1200)
      }
      assert.deepEqual(
        await Promise.all(pings),
        pairs.map(() => all(400)),
      )
    })
    nothingInClear(frames)
    assert.deepEqual([sendsUnder(1, 2), sendsUnder(2, 1)], [4, 4], 'with the dead agent’s node as before')
    const { settled, waiting } = await cluster.agent(1).status()
    assert.equal(settled, false)
    assert.match(waiting.join(), /^n2: /)
  })

  test('comes to its end for an agent that was away for several, and nothing is lost', async () => {
    const pings = pairs.map(([from, to]) => cluster.ping(from, to, 200))
    await cluster.startAgent(2)
    await cluster.settled(...nodes)
    assert.deepEqual(
      await Promise.all(pings),
      pairs.map(() => all(200)),
    )
    for (const [from, to] of pairs) assert.equal(sendsUnder(from, to), 7)
    for (const id of nodes)
      await until(`n${id} has key 7 only`, () => keysIn(id).size === 1 && keysIn(id).has(7))
  })
})

describe('a lab whose cluster key is replaced by its age', () => {
  const name = 'rotation'
  let lab: NetnsLab

  before(async () => {
    const topology = {
      nodes: [{ name: 'n1' }, { name: 'n2' }],
      pods: [
        { name: 'a1', node: 'n1' },
        { name: 'b1', node: 'n2' },
      ],
    }
    lab = await standUp(name, topology, {}, () => {})
  })

  after(() => takeDown(name))

  test('has a new one whenever it is due, and loses nothing', async () => {
    const stop = new AbortController()
    const said: string[] = []
    const first = lab.key().id
    const [b1] = (await lab.pods()).filter(({ name }) => name === 'b1')
    const ping = lab.spawn('a1', ['ping', '-q', '-c', '300', '-i', '0.01', b1!.addresses[0]!])
    let output = ''
    ping.stdout.on('data', (chunk) => (output += chunk))
    const report = (line: string) => {
      said.push(line)
      if (said.length === 3) stop.abort()
    }
    await keepRotating(lab, { age: 1000 }, report, stop.signal)
    assert.equal(await ping.exit, 0)
    assert.match(output, / 0% packet loss/)
    assert.deepEqual(
      said.map((line) =>
        /under key (\d+), in place of key (\d+): it was \d+ s old/.exec(line)?.slice(1).map(Number),
      ),
      [1, 2, 3].map((after) => [first + after, first + after - 1]),
    )
  })

  test('has one writer of the key at a time', async () => {
    const before = lab.key()
    {
      await using _other = await lock(name)
      await assert.rejects(lab.rotateKey(), { code: 'EBUSY' })
    }
    assert.equal(lab.key().id, before.id)
    await lab.rotateKey()
    assert.equal(lab.key().id, before.id + 1)
    assert.ok(lab.key().age < before.age)
  })
})
