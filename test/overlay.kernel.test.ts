import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { encryptionOverhead, type Suite, suiteNames, suites } from '../agent/keys/suite.ts'
import { overlayDevice, vxlanOverhead } from '../agent/plan/overlay.ts'
import { AgentCluster } from './agent-cluster.ts'
import { eventually } from './eventually.ts'

const wireMtu = 1500
const all = (count: number) => ({ sent: count, received: count })
const none = (count: number) => ({ sent: count, received: 0 })
const on = { encryptL3: true, strict: true }
const notEsp = (frames: readonly string[]) => frames.filter((frame) => !frame.includes('ESP(spi='))
const { name: device, port } = overlayDevice

async function bringUp(cluster: AgentCluster, nodes: readonly number[]): Promise<void> {
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
}

// The tests of a cluster follow each other on it, as events do.
describe('an overlay of three nodes', () => {
  const nodes = [1, 2, 3]
  const rogue = '192.168.0.9'
  let cluster: AgentCluster
  before(async () => {
    cluster = new AgentCluster('overlay', { routing: 'vxlan' })
    await bringUp(cluster, nodes)
  })
  after(() => cluster?.close())

  const counted = async (id: number, key: string) =>
    (await cluster.agent(id).status()).counters[key]?.packets ?? 0
  const deviceAt = (id: number) => cluster.route(id, (route) => route.link(device))

  test('pods of different nodes reach each other, and the wire carries nothing but ESP', async () => {
    const frames = await cluster.onWire(async () => {
      for (const from of nodes)
        for (const to of nodes.filter((id) => id !== from))
          assert.deepEqual(await cluster.ping(from, to, 3), all(3))
    })
    assert.equal(frames.length, 36)
    assert.deepEqual(notEsp(frames), [])
    assert.ok((await counted(1, 'from-wire/decrypted/protected')) >= 12)
  })

  test('with encryption off the same wire shows VXLAN, and off and on again loses no packet', async () => {
    const pings = [cluster.ping(1, 2, 150), cluster.ping(2, 3, 150)]
    await delay(300)
    cluster.configure({ ...on, encryptL3: false })
    await cluster.settled(...nodes)
    const clear = await cluster.onWire(() => delay(300))
    cluster.configure(on)
    await cluster.settled(...nodes)
    const encrypted = await cluster.onWire(() => delay(300))
    assert.deepEqual(await Promise.all(pings), [all(150), all(150)])
    assert.ok(clear.some((frame) => frame.includes(`.${port}: VXLAN`)))
    assert.ok(encrypted.length > 0)
    assert.deepEqual(notEsp(encrypted), [])
  })

  test('an agent that is killed leaves the device and what goes through it, and its successor takes it over', async () => {
    const { index, mac } = deviceAt(1)
    const pings = cluster.ping(1, 2, 150)
    const frames = await cluster.onWire(async () => {
      await delay(200)
      await cluster.killAgent(1)
      await delay(200)
      await cluster.startAgent(1)
      await cluster.settled(...nodes)
      assert.deepEqual(await pings, all(150))
    })
    assert.deepEqual(notEsp(frames), [])
    assert.deepEqual([deviceAt(1).index, deviceAt(1).mac], [index, mac])
  })

  test('the device, its routes and its program are put back when someone takes them away', async () => {
    const frames = await cluster.onWire(async () => {
      cluster.route(1, (route) => route.deleteLink(device))
      await delay(500)
      await cluster.settled(1)
      assert.deepEqual(await cluster.ping(1, 2, 3), all(3))
      cluster.run('n1', ['tc', 'qdisc', 'del', 'dev', device, 'clsact'])
      await delay(500)
      assert.deepEqual(await cluster.ping(1, 2, 3), all(3))
      cluster.route(1, (route) => route.removeRoute({ destination: '10.0.2.0/24' }))
      await delay(500)
      assert.deepEqual(await cluster.ping(1, 2, 3), all(3))
    })
    assert.deepEqual(notEsp(frames), [])
  })

  test('without its program the device takes nothing in', async () => {
    cluster.pauseAgent(2)
    cluster.run('n2', ['tc', 'qdisc', 'del', 'dev', device, 'clsact'])
    assert.deepEqual(await cluster.ping(1, 2, 3), none(3))
    cluster.resumeAgent(2)
    await delay(500)
    assert.deepEqual(await cluster.ping(1, 2, 3), all(3))
  })

  test('without policies VXLAN that would leave in clear is dropped, told by what it carries; in permissive mode it leaves', async () => {
    for (const strict of [true, false]) {
      cluster.configure({ ...on, strict })
      await cluster.settled(...nodes)
      cluster.pauseAgent(1)
      cluster.xfrm(1, (xfrm) => xfrm.flushPolicies())
      const frames = await cluster.onWire(async () => {
        await cluster.ping(1, 2, 3)
      })
      cluster.resumeAgent(1)
      await cluster.settled(...nodes)
      // Of each frame tcpdump tells on a second line what is in VXLAN.
      assert.equal(notEsp(frames).length, strict ? 0 : 6)
      assert.equal(await counted(1, `to-wire/${strict ? 'dropped' : 'clear'}/clear-on-wire`), 3)
      assert.deepEqual(await cluster.ping(1, 2, 3), all(3))
    }
    cluster.configure(on)
    await cluster.settled(...nodes)
  })

  test('a node cannot speak in the name of a pod of another node, although its VXLAN decrypts', async () => {
    const speak = (address: string) => {
      const of = ['address', 'add', `${address}/32`, 'dev', 'lo']
      cluster.run('n2', ['ip', ...of])
      const flags = ['-q', '-c', '5', '-i', '0.01', '-W', '0.2', '-m', `${0x0e00}`, '-I', address]
      cluster.run('n2', ['ping', ...flags, cluster.podAddress(1)])
      cluster.run('n2', ['ip', ...of.map((word) => (word === 'add' ? 'del' : word))])
    }
    const counters = ['from-wire/decrypted/protected', 'from-wire/dropped/wrong-node']
    const read = () => Promise.all(counters.map((each) => counted(1, each)))
    const [decrypted, wrong] = (await read()) as [number, number]
    speak('10.0.2.77')
    assert.deepEqual(await read(), [decrypted + 5, wrong], 'in its own name it may')
    speak('10.0.3.77')
    assert.deepEqual(await read(), [decrypted + 5, wrong + 5])
  })

  test('VXLAN of a stranger on the wire reaches no pod, and in permissive mode does', async () => {
    cluster.addHost('rogue', rogue)
    const run = (argv: string) => cluster.run('rogue', argv.split(' '))
    run(`ip link add v0 type vxlan id ${0x5750} dstport ${port} remote ${cluster.underlay(1)} noudpcsum`)
    run('ip address add 10.0.2.77/32 dev v0')
    run('ip link set v0 up')
    run(`ip route add ${cluster.podAddress(1)} dev v0 src 10.0.2.77`)
    run(`ip neighbour add ${cluster.podAddress(1)} dev v0 lladdr 02:00:00:00:00:77 nud permanent`)
    const received = () => {
      const { stdout } = cluster.run('p1', ['cat', '/proc/net/snmp'])
      const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Icmp:'))
      return Number(values.split(' ')[names.split(' ').indexOf('InEchos')])
    }
    const before = [received(), await counted(1, 'from-wire/dropped/clear-from-wire')] as const
    const knock = () => run(`ping -q -c 3 -i 0.01 -W 0.2 ${cluster.podAddress(1)}`)
    knock()
    assert.equal(received(), before[0])
    assert.equal(await counted(1, 'from-wire/dropped/clear-from-wire'), before[1] + 3)
    cluster.configure({ ...on, strict: false })
    await cluster.settled(...nodes)
    knock()
    assert.equal(received(), before[0] + 3, 'what is dropped in strict mode would have arrived')
    cluster.configure(on)
    await cluster.settled(...nodes)
  })

  test("a pod cannot use its node's device to speak under another address", async () => {
    const run = (argv: string) => cluster.run('p1', argv.split(' '))
    const before = await counted(1, 'from-pod/dropped/spoofed-source')
    run(`ip link add v0 type vxlan id ${0x5750} dstport ${port} remote ${cluster.underlay(1)} noudpcsum`)
    run('ip address add 10.0.2.78/32 dev v0')
    run('ip link set v0 up')
    run('ip route add 203.0.113.0/24 dev v0 src 10.0.2.78')
    run('ip neighbour add 203.0.113.1 dev v0 lladdr 02:00:00:00:00:77 nud permanent')
    run('ping -q -c 3 -i 0.01 -W 0.2 203.0.113.1')
    run('ip link del v0')
    assert.equal(await counted(1, 'from-pod/dropped/spoofed-source'), before + 3)
  })

  test('nodes in scope are encrypted beside it, and pods out of scope go in VXLAN in clear', async () => {
    const policy = (spec: string) =>
      cluster.setEncryptionPolicies(
        `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: { name: policy }\nspec: ${spec}\n`,
      )
    policy('{ nodes: all }')
    await cluster.settled(...nodes)
    const sealed = await cluster.onWire(async () => {
      for (const [from, to] of [
        ['n1', cluster.underlay(2)],
        ['n1', cluster.podAddress(2)],
        ['p1', cluster.underlay(2)],
        ['p1', cluster.podAddress(2)],
      ] as const)
        assert.deepEqual(await cluster.pingFrom(from, to, 3), all(3), `${from} to ${to}`)
    })
    assert.deepEqual(notEsp(sealed), [])
    policy('{ pods: [{ podSelector: { matchLabels: { app: p3 } } }] }')
    await cluster.settled(...nodes)
    const clear = await cluster.onWire(async () => assert.deepEqual(await cluster.ping(1, 2, 3), all(3)))
    assert.equal(clear.filter((frame) => frame.includes(`.${port}: VXLAN`)).length, 6)
    const covered = await cluster.onWire(async () => assert.deepEqual(await cluster.ping(1, 3, 3), all(3)))
    assert.deepEqual([covered.length, notEsp(covered)], [6, []])
    policy('{ pods: all }')
    await cluster.settled(...nodes)
    const again = await cluster.onWire(async () => assert.deepEqual(await cluster.ping(1, 2, 3), all(3)))
    assert.deepEqual(notEsp(again), [])
  })

  test('from VXLAN to native routing and back nothing is in clear, and the device goes and comes', async () => {
    const frames = await cluster.onWire(async () => {
      const pings = cluster.ping(1, 2, 100, 0.02)
      for (const routing of ['native', 'vxlan'] as const) {
        await delay(300)
        cluster.configure({ ...on, routing })
        await cluster.settled(...nodes)
        const devices = cluster.route(1, (route) => route.links().map(({ name }) => name))
        assert.equal(devices.includes(device), routing === 'vxlan')
        assert.deepEqual(await cluster.ping(2, 3, 3), all(3), routing)
      }
      const { received } = await pings
      assert.ok(received > 50, `${received}`)
    })
    assert.deepEqual(notEsp(frames), [])
  })

  test('a clean-up takes the device, and leaves one that is somebody else’s', async () => {
    await cluster.killAgent(3)
    cluster.run('n3', ['ip', 'link', 'add', 'foreign', 'type', 'vxlan', 'id', '7', 'dstport', '8472'])
    const main = new URL('../agent/main.ts', import.meta.url).pathname
    const { status } = cluster.run('n3', [process.execPath, main, '--cleanup', '--wire', 'eth0'])
    assert.equal(status, 0)
    const links = cluster.route(3, (route) => route.links().map(({ name }) => name))
    assert.ok(!links.includes(device) && links.includes('foreign'), links.join())
    assert.deepEqual(
      cluster.route(3, (route) => route.routes().filter(({ encapsulation }) => encapsulation)),
      [],
    )
  })

  for (const [what, argv, sentence] of [
    ['name', ['dummy'], `the device ${device} is not this agent's`],
    ['port', ['vxlan', 'id', '7', 'dstport', `${port}`], `UDP port ${port} is another VXLAN device's`],
  ] as const)
    test(`where somebody else has the ${what}, an agent says so and ends`, async () => {
      const name = what === 'name' ? device : 'other'
      cluster.run('n3', ['ip', 'link', 'add', name, 'type', ...argv])
      cluster.run('n3', ['ip', 'link', 'set', name, 'up'])
      await assert.rejects(cluster.startAgent(3), { message: /EOVERLAY/ })
      assert.ok(readFileSync(cluster.logFile(3), 'utf8').includes(sentence))
      const links = cluster.route(3, (route) => route.links().map((link) => link.name))
      assert.ok(links.includes(name))
      cluster.run('n3', ['ip', 'link', 'del', name])
      cluster.run('n3', [
        process.execPath,
        new URL('../agent/main.ts', import.meta.url).pathname,
        '--cleanup',
        '--wire',
        'eth0',
      ])
    })
})

for (const [underlay, pods] of [
  ['ipv4', 'ipv4'],
  ['ipv6', 'both'],
] as const)
  describe(`full-size packets in VXLAN over ${underlay}`, () => {
    const nodes = [1, 2]
    let cluster: AgentCluster
    let keyId = 3
    before(async () => {
      cluster = new AgentCluster(`overlay-${underlay}`, { routing: 'vxlan', underlay, pods })
      await bringUp(cluster, nodes)
      for (const id of nodes) {
        cluster.run(`n${id}`, ['ip', 'link', 'set', `p${id}`, 'mtu', `${wireMtu}`])
        cluster.run(`p${id}`, ['ip', 'link', 'set', 'eth0', 'mtu', `${wireMtu}`])
      }
      // Addresses of IPv6 are good for nothing while the kernel looks whether another has them.
      for (const family of families)
        await eventually(() => assert.equal(pingWhole(headers[family] + 56, family).received, 1), {
          withinMs: 20_000,
          everyMs: 200,
        })
    })
    after(() => cluster?.close())

    const families = pods === 'both' ? ([4, 6] as const) : ([4] as const)
    const mtuOf = (suite: Suite) =>
      wireMtu - encryptionOverhead(suite, underlay) - vxlanOverhead(underlay === 'ipv4' ? 4 : 6)
    const headers = { 4: 28, 6: 48 } as const
    /** Sends one packet of this length that nobody may fragment. */
    const pingWhole = (length: number, family: 4 | 6): { received: number; output: string } => {
      const address = family === 4 ? cluster.podAddress(2) : cluster.podAddress6(2)
      const argv = ['ping', '-M', 'do', '-c', '1', '-W', '1', '-s', `${length - headers[family]}`, address]
      const { stdout } = cluster.run('p1', argv)
      return { received: Number(/(\d+) received/.exec(stdout)?.[1]), output: stdout }
    }
    const forgetPathMtu = () => {
      for (const family of ['-4', '-6']) cluster.run('p1', ['ip', family, 'route', 'flush', 'cache'])
    }

    for (const name of suiteNames)
      for (const family of families) {
        const suite = suites[name]
        const mtu = mtuOf(suite)
        test(`${name}: of IPv${family}, up to ${mtu} bytes cross whole, and one more is answered with what fits`, async () => {
          cluster.rotateKey(++keyId, name)
          await cluster.settled(...nodes)
          const lengths = Array.from({ length: suite.blockBytes }, (_, shorter) => mtu - shorter)
          const frames = await cluster.onWire(async () => {
            for (const length of lengths)
              assert.equal(pingWhole(length, family).received, 1, `${length} bytes`)
          })
          assert.equal(frames.length, 2 * lengths.length)
          assert.deepEqual(notEsp(frames), [])
          const outer = underlay === 'ipv4' ? 20 : 40
          const longest = Math.max(...frames.map((frame) => Number(/length (\d+)$/.exec(frame)?.[1]) + outer))
          assert.ok(
            longest <= wireMtu && longest > wireMtu - suite.blockBytes,
            `${longest} bytes on the wire`,
          )

          const silent = await cluster.onWire(async () => {
            const { received, output } = pingWhole(mtu + 1, family)
            assert.equal(received, 0)
            assert.match(output, new RegExp(`mtu ?= ?${mtu}`))
          })
          assert.deepEqual(silent, [])
          forgetPathMtu()
        })
      }
  })
