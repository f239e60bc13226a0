import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { encryptionOverhead, suiteNames, suiteOf, suites } from '../agent/keys/suite.ts'
import { AgentCluster } from './agent-cluster.ts'

// Two nodes with a pod each, whose cluster key goes from suite to suite. The pods' own MTU is the wire's, so that it is for
// the nodes to say what fits through the tunnel.
let cluster: AgentCluster
const nodes = [1, 2]
const wireMtu = 1500
const icmpOverIpv4 = 28
const all = (count: number) => ({ sent: count, received: count })
let keyId = 3

before(async () => {
  cluster = new AgentCluster('suites')
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of nodes) await cluster.addPod(id)
  for (const id of nodes) {
    cluster.run(`n${id}`, ['ip', 'link', 'set', `p${id}`, 'mtu', `${wireMtu}`])
    cluster.run(`p${id}`, ['ip', 'link', 'set', 'eth0', 'mtu', `${wireMtu}`])
  }
  await cluster.settled(...nodes)
})
after(() => cluster?.close())

const inUse = () => {
  const states = cluster.xfrm(1, (xfrm) => xfrm.states())
  return [...new Set(states.map((state) => suiteOf(state)?.name))]
}

async function changeTo(suite: (typeof suiteNames)[number]): Promise<void> {
  keyId++
  cluster.rotateKey(keyId, suite)
  await cluster.settled(...nodes)
}

/** Until nothing is left of an earlier suite: it is kept for a second after its last use. */
async function onlyInUse(suite: string): Promise<void> {
  const deadline = performance.now() + 20_000
  while (inUse().join() !== suite && performance.now() < deadline) await delay(100)
  assert.deepEqual(inUse(), [suite])
}

/** Sends one packet of this length that nobody may fragment. */
function pingWhole(length: number): { received: number; output: string } {
  const size = `${length - icmpOverIpv4}`
  const argv = ['ping', '-M', 'do', '-c', '1', '-W', '1', '-s', size, cluster.podAddress(2)]
  const { stdout } = cluster.run('p1', argv)
  return { received: Number(/(\d+) received/.exec(stdout)?.[1]), output: stdout }
}

/** What a node has learned about a path from a packet that was too long. */
function forgetPathMtu(): void {
  cluster.run('p1', ['ip', 'route', 'flush', 'cache'])
}

for (const name of suiteNames) {
  const mtu = wireMtu - encryptionOverhead(suites[name], 'ipv4')

  test(`${name}: packets of every length up to ${mtu} cross whole, and nothing else is on the wire`, async () => {
    await changeTo(name)
    await onlyInUse(name)
    const lengths = Array.from({ length: 20 }, (_, shorter) => mtu - shorter)
    const frames = await cluster.onWire(async () => {
      for (const length of lengths) assert.equal(pingWhole(length).received, 1, `${length} bytes`)
    })
    // A fragment would be a frame more, and one that tcpdump cannot call ESP.
    assert.equal(frames.length, 2 * lengths.length)
    for (const frame of frames) assert.match(frame, /ESP\(spi=/)
    const longest = Math.max(...frames.map((frame) => Number(/length (\d+)$/.exec(frame)?.[1]) + 20))
    assert.ok(
      longest <= wireMtu && longest > wireMtu - suites[name].blockBytes,
      `${longest} bytes on the wire`,
    )
  })

  test(`${name}: one byte more is answered with what fits, and is not sent, neither in clear nor in pieces`, async () => {
    const frames = await cluster.onWire(async () => {
      const { received, output } = pingWhole(mtu + 1)
      assert.equal(received, 0)
      assert.match(output, new RegExp(`Frag needed and DF set \\(mtu = ${mtu}\\)`))
    })
    assert.deepEqual(frames, [])
    forgetPathMtu()
  })

  test(`${name}: TCP finds the length that fits, and loses nothing`, async () => {
    const bytes = 300_000
    const server = `require('net').createServer((s) => { let n = 0; s.on('data', (d) => { n += d.length }).on('end', () => { s.end(String(n)) }) }).listen(9000, () => console.log('listening'))`
    const client = `const s = require('net').connect(9000, '${cluster.podAddress(2)}'); s.on('data', (d) => { console.log(String(d)); process.exit(0) }); s.end(Buffer.alloc(${bytes}, 'x'))`
    const listening = cluster.spawn('p2', [process.execPath, '-e', server])
    try {
      await once(listening.stdout!, 'data')
      const frames = await cluster.onWire(async () => {
        const sender = cluster.spawn('p1', [process.execPath, '-e', client])
        const [answer] = await once(sender.stdout!, 'data')
        assert.equal(Number(answer), bytes)
      })
      assert.deepEqual(
        frames.filter((frame) => !frame.includes('ESP(')),
        [],
      )
    } finally {
      listening.kill('SIGKILL')
    }
    forgetPathMtu()
  })
}

test('from suite to suite under traffic: no packet is lost, and none is in clear', async () => {
  const pings = cluster.ping(1, 2, 1200)
  const frames = await cluster.onWire(async () => {
    for (const name of suiteNames) {
      await delay(500)
      await changeTo(name)
    }
    assert.deepEqual(await pings, all(1200))
  })
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP(')),
    [],
  )
  await onlyInUse(suiteNames.at(-1)!)
})
