import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AgentCluster } from './agent-cluster.ts'

const nodes = [1, 2]
const all = (count: number) => ({ sent: count, received: count })
const none = (count: number) => ({ sent: count, received: 0 })
const policy = (spec: string) =>
  `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: hosts}\nspec: ${spec}\n`

/** Exempt where a policy does not say. */
const apiServer = 6443
const ordinary = 7000

for (const underlay of ['ipv4', 'ipv6'] as const)
  describe(`what nodes send themselves, by ${underlay}`, () => {
    let cluster: AgentCluster
    const servers: ChildProcess[] = []

    before(async () => {
      cluster = new AgentCluster(`nodes-${underlay}`, { pods: 'both', underlay })
      cluster.setEncryptionPolicies(policy('{nodes: all}'))
      for (const id of nodes) cluster.addNode(id)
      for (const port of [apiServer, ordinary]) servers.push(await serveEcho(cluster, 'n1', port))
      await cluster.startAgent(1)
    })

    after(async () => {
      for (const server of servers) server.kill('SIGKILL')
      await cluster?.close()
    })

    const [clear, sealed] = [
      (frames: readonly string[]) => frames.filter((frame) => !frame.includes('ESP')),
      (frames: readonly string[]) => frames.filter((frame) => frame.includes('ESP')),
    ]
    const between = (from: number, to: number, count: number, flags?: readonly string[]) =>
      cluster.pingFrom(`n${from}`, cluster.underlay(to), count, 0.01, flags)

    test('before there are keys, an exempt service is reached in clear, and nothing else is', async () => {
      const frames = await cluster.onWire(async () => {
        assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), apiServer, 10_000), 10_000)
        assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), ordinary, 10), 0)
        assert.deepEqual(await between(1, 2, 2), none(2))
      })
      assert.ok(clear(frames).some((frame) => frame.includes(`.${apiServer}: Flags`)))
      // What n2 asks before it has an agent is on the wire; nothing of it is answered.
      assert.ok(!clear(frames).some((frame) => frame.includes(`.${ordinary} > `)))
      assert.deepEqual(sealed(frames), [])
    })

    test('between nodes, and between nodes and pods elsewhere, the wire shows nothing but ESP', async () => {
      await cluster.startAgent(2)
      for (const id of nodes) await cluster.addPod(id)
      await cluster.settled(...nodes)
      const pods = (id: number) => (underlay === 'ipv4' ? cluster.podAddress(id) : cluster.podAddress6(id))
      // Links take their time to have an IPv6 address of their own, by which nodes ask where a pod is.
      for (let attempt = 0; (await cluster.pingFrom('n1', pods(2), 1)).received === 0; attempt++)
        assert.ok(attempt < 20, 'p2 does not answer n1')
      const frames = await cluster.onWire(async () => {
        assert.deepEqual(await between(1, 2, 5), all(5))
        assert.deepEqual(await between(2, 1, 5), all(5))
        assert.deepEqual(await cluster.pingFrom('n1', pods(2), 5), all(5))
        assert.deepEqual(await cluster.pingFrom('p1', cluster.underlay(2), 5), all(5))
        assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), apiServer, 1000), 1000)
      })
      assert.deepEqual(clear(frames), [])
      assert.ok(sealed(frames).length >= 40)
    })

    test('packets of full size fit: TCP both ways, echoes that may not be cut, and those that may', async () => {
      const frames = await cluster.onWire(async () => {
        assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), ordinary, 1_000_000), 1_000_000)
        const echoes = (size: number, flag: 'do' | 'dont') =>
          between(1, 2, 2, ['-M', flag, '-s', `${size - (underlay === 'ipv4' ? 28 : 48)}`])
        assert.deepEqual(await echoes(mtuInside(cluster), 'do'), all(2))
        assert.equal((await echoes(1500, 'do')).received, 0)
        for (const size of [1500, 4000]) assert.deepEqual(await echoes(size, 'dont'), all(2))
      })
      assert.deepEqual(
        clear(frames).filter((frame) => !/frag|ip-proto-50/.test(frame)),
        [],
      )
    })

    test('a change of the cluster key loses nothing and shows nothing', async () => {
      const pings = between(1, 2, 100)
      const frames = await cluster.onWire(async () => {
        cluster.rotateKey(4)
        await cluster.settled(...nodes)
        assert.deepEqual(await pings, all(100))
      })
      assert.deepEqual(clear(frames), [])
    })

    test('policies that are gone come back; while no agent is there to bring them, strict mode stops what they leave in clear', async () => {
      removeOwnPolicies(cluster)
      for (let attempt = 0; (await between(1, 2, 1)).received === 0; attempt++) assert.ok(attempt < 20)
      await cluster.killAgent(1)
      removeOwnPolicies(cluster)
      const frames = await cluster.onWire(async () => assert.deepEqual(await between(1, 2, 3), none(3)))
      assert.deepEqual(clear(frames), [])
    })

    test('permissive: the same is seen on the wire in clear', async () => {
      await cluster.startAgent(1)
      cluster.configure({ encryptL3: true, strict: false })
      await cluster.settled(...nodes)
      await cluster.killAgent(1)
      removeOwnPolicies(cluster)
      const frames = await cluster.onWire(async () => assert.deepEqual(await between(1, 2, 3), all(3)))
      assert.equal(clear(frames).length, 3)
      await cluster.startAgent(1)
      cluster.configure({ encryptL3: true, strict: true })
      await cluster.settled(...nodes)
    })

    test('a node that was rebooted reaches what is exempt although the other has keys for it, and its session goes on, encrypted', async () => {
      await reboot(cluster, 2)
      const session = cluster.spawn('n2', [process.execPath, '-e', talk, cluster.underlay(1), `${apiServer}`])
      let answered = 0
      session.stdout!.on('data', (chunk) => (answered += chunk.length))
      try {
        const asked = await cluster.onWire(async () => {
          await delay(500)
          assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), ordinary, 10), 0)
        })
        assert.ok(answered > 0)
        assert.ok(clear(asked).some((frame) => frame.includes(`.${apiServer} > `)))
        assert.ok(!clear(asked).some((frame) => frame.includes(`.${ordinary} > `)))

        await cluster.startAgent(2)
        await cluster.settled(...nodes)
        await delay(300)
        const before = answered
        const frames = await cluster.onWire(() => delay(1000))
        assert.ok(answered > before, 'the session goes on')
        assert.deepEqual(clear(frames), [])
        assert.deepEqual(await between(1, 2, 3), all(3))
      } finally {
        session.kill('SIGKILL')
      }
    })

    test('where nothing is exempt a node without keys reaches nothing', async () => {
      cluster.setEncryptionPolicies(policy('{nodes: all, exempt: []}'))
      await cluster.settled(...nodes)
      await reboot(cluster, 2)
      assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), apiServer, 10), 0)
      await cluster.startAgent(2)
      await cluster.settled(...nodes)
      assert.equal(await echoed(cluster, 'n2', cluster.underlay(1), apiServer, 10), 10)
    })

    test('control: with encryption off, and without a policy, the same instrument sees it in clear', async () => {
      cluster.configure({ encryptL3: false, strict: true })
      await cluster.settled(...nodes)
      const off = await cluster.onWire(async () => assert.deepEqual(await between(1, 2, 3), all(3)))
      assert.equal(clear(off).length, 6)
      cluster.configure({ encryptL3: true, strict: true })
      await cluster.settled(...nodes)
      const on = await cluster.onWire(async () => assert.deepEqual(await between(1, 2, 3), all(3)))
      assert.deepEqual(clear(on), [])
      cluster.setEncryptionPolicies(policy('{}'))
      await cluster.settled(...nodes)
      const outside = await cluster.onWire(async () => assert.deepEqual(await between(1, 2, 3), all(3)))
      assert.equal(clear(outside).length, 6)
    })
  })

const echo = `
  require('node:net').createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  }).listen(Number(process.argv[1]), () => console.log('ready'))`

const ask = `
  const [host, port, bytes] = process.argv.slice(1)
  const socket = require('node:net').connect(Number(port), host, () => socket.write(Buffer.alloc(Number(bytes), 'x')))
  let answered = 0
  const end = () => { console.log(answered); process.exit() }
  socket.on('error', end)
  socket.on('data', (data) => { answered += data.length; if (answered >= Number(bytes)) end() })
  setTimeout(end, 4000)`

const talk = `
  const [host, port] = process.argv.slice(1)
  const socket = require('node:net').connect(Number(port), host, () => setInterval(() => socket.write('.'), 50))
  socket.on('error', () => process.exit(1))
  socket.on('data', (data) => process.stdout.write(data))`

async function serveEcho(cluster: AgentCluster, where: string, port: number): Promise<ChildProcess> {
  const child = cluster.spawn(where, [process.execPath, '-e', echo, `${port}`])
  await new Promise((resolve) => child.stdout!.once('data', resolve))
  return child
}

/** @returns how many of so many bytes came back within four seconds. */
async function echoed(
  cluster: AgentCluster,
  where: string,
  host: string,
  port: number,
  bytes: number,
): Promise<number> {
  const child = cluster.spawn(where, [process.execPath, '-e', ask, host, `${port}`, `${bytes}`])
  let output = ''
  child.stdout!.on('data', (chunk) => (output += chunk))
  await new Promise((resolve) => child.once('close', resolve))
  return Number(output)
}

/** What the first node sends itself to the second: the policies that name its own address. */
function removeOwnPolicies(cluster: AgentCluster): void {
  cluster.xfrm(1, (xfrm) =>
    xfrm.deletePolicies(
      xfrm
        .policies()
        .filter(
          ({ direction, source }) => direction === 'out' && source.startsWith(`${cluster.underlay(1)}/`),
        ),
    ),
  )
}

/** Takes all that a kernel forgets: associations, policies and programs; and the agent. */
async function reboot(cluster: AgentCluster, id: number): Promise<void> {
  await cluster.killAgent(id)
  cluster.xfrm(id, (xfrm) => {
    xfrm.flushPolicies()
    xfrm.flushStates()
  })
  for (const device of ['eth0', `p${id}`])
    cluster.run(`n${id}`, ['tc', 'qdisc', 'del', 'dev', device, 'clsact'])
}

/** What the agent says that fits into a packet once it is encrypted. */
function mtuInside(cluster: AgentCluster): number {
  return cluster.route(1, (route) => route.routes().find(({ destination }) => destination === '10.0.2.0/24'))!
    .mtu!
}
