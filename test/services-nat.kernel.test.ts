import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { Flow } from '../agent/api.ts'
import { overlayDevice, type Routing } from '../agent/plan/overlay.ts'
import { AgentCluster } from './agent-cluster.ts'
import { type Translation, translate } from './kube-proxy-rules.ts'
import { serveEcho, TcpSession } from './tcp-session.ts'

// Pods p1 and p4 on n1, p2 on n2. Services stand for each of them, on every node, as kube-proxy's rules would have it; port 80
// leads to 8080 of the pod, 81 to 8081. 172.30.0.9 stands for n2 itself.
const ports = [
  [80, 8080],
  [81, 8081],
] as const
const clusterIp = (pod: number) => `172.30.0.${pod}`
const clusterIp6 = (pod: number) => `fda0::${pod}`
const podsOn: Readonly<Record<number, readonly string[]>> = { 1: ['p1', 'p4'], 2: ['p2'] }
const nodesAddress = clusterIp(9)
const api = 6443

const policy = (name: string, spec: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`
const egress = (app: string, to: string) =>
  policy(`from-${app}`, `{podSelector: {matchLabels: {app: ${app}}}, policyTypes: [Egress], egress: [${to}]}`)
const toPod = (app: string, port: number) =>
  `{to: [{podSelector: {matchLabels: {app: ${app}}}}], ports: [{port: ${port}}]}`
const encryption = (spec: string) =>
  `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: all}\nspec: ${spec}\n`

const ask = `
  const [address, port] = process.argv.slice(1)
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (_, { address }) => { console.log(address); process.exit() })
  socket.on('error', () => {})
  setInterval(() => socket.send('hello', Number(port), address), 100)
  setTimeout(() => process.exit(1), Number(process.argv[3]))`
const answer = `
  const socket = require('node:dgram').createSocket('udp6')
  socket.on('message', (text, { address, port }) => socket.send(text, port, address))
  socket.bind(Number(process.argv[1]), '::', () => console.log('ready'))`

class Services {
  readonly cluster: AgentCluster
  translated: 'tables' | 'devices' = 'tables'
  readonly #routing: Routing
  readonly #children: ChildProcess[] = []

  constructor(name: string, routing: Routing) {
    this.#routing = routing
    this.cluster = new AgentCluster(name, { routing, pods: 'both' })
  }

  async start(): Promise<void> {
    const { cluster } = this
    for (const id of [1, 2]) cluster.addNode(id)
    await Promise.all([1, 2].map((id) => cluster.startAgent(id)))
    for (const id of [1, 2]) await cluster.addPod(id)
    await cluster.addPod(4, 1)
    for (const id of [1, 2, 4])
      cluster.describeService({
        name: `s${id}`,
        namespace: 'default',
        selector: { app: `p${id}` },
        addresses: [clusterIp(id), clusterIp6(id)],
      })
    cluster.describeService({ name: 'api', namespace: 'default', selector: {}, addresses: [nodesAddress] })
    for (const id of [1, 2]) {
      const others = ['eth0', ...(this.#routing === 'vxlan' ? [overlayDevice.name] : [])]
      this.translated = translate(cluster, id, this.translations(id), { pods: podsOn[id]!, others })
      cluster.route(id, (route) => route.addRoute({ destination: '172.30.0.0/16', device: 'eth0' }))
    }
    for (const pod of [1, 2, 4]) {
      for (const [, port] of ports) this.#children.push(await serveEcho(cluster, pod, port))
      await this.#spawn(`p${pod}`, [process.execPath, '-e', answer, '5353'])
    }
    this.#children.push(await serveEcho(cluster, 'n2', api))
    await cluster.settled(1, 2)
  }

  translations(node: number): Translation[] {
    const { cluster } = this
    const ofPods = [1, 2, 4].flatMap((pod) => [
      ...ports.map(([port, toPort]) => ({
        address: clusterIp(pod),
        protocol: 'tcp' as const,
        port,
        to: cluster.podAddress(pod),
        toPort,
        // Who asks itself has to be answered by way of the node.
        masquerades: pod === 1 && node === 1,
      })),
      {
        address: clusterIp(pod),
        protocol: 'udp' as const,
        port: 53,
        to: cluster.podAddress(pod),
        toPort: 5353,
      },
      {
        address: clusterIp6(pod),
        protocol: 'udp' as const,
        port: 53,
        to: cluster.podAddress6(pod),
        toPort: 5353,
      },
      {
        address: clusterIp6(pod),
        protocol: 'tcp' as const,
        port: 80,
        to: cluster.podAddress6(pod),
        toPort: 8080,
      },
    ])
    const toNode = { protocol: 'tcp' as const, port: 443, to: cluster.underlay(2), toPort: api }
    const nodePort = { protocol: 'tcp' as const, port: 30_080, to: cluster.podAddress(2), toPort: 8080 }
    return [
      ...ofPods,
      { address: nodesAddress, ...toNode },
      { address: cluster.underlay(node), ...nodePort, masquerades: true },
    ]
  }

  async put(...policies: readonly string[]): Promise<void> {
    this.cluster.setPolicies(policies.join('---\n'))
    await this.cluster.settled(1, 2)
  }

  async encrypt(spec: string): Promise<void> {
    this.cluster.setEncryptionPolicies(spec === '' ? '' : encryption(spec))
    await this.cluster.settled(1, 2)
  }

  /** Whether a TCP session opens and is answered. */
  async talks(from: number | string, to: string, port = 80): Promise<boolean> {
    using session = new TcpSession(this.cluster, from, to, port)
    return await session.goesOn()
  }

  /** Whether none does. */
  async isRefused(from: number | string, to: string, port = 80): Promise<boolean> {
    using session = new TcpSession(this.cluster, from, to, port)
    return (await session.standsStill(1500)) && !session.connected
  }

  /** Under which address a datagram to this one is answered. */
  async answerFrom(from: number | string, to: string, patience = 15_000): Promise<string> {
    const where = typeof from === 'number' ? `p${from}` : from
    const { stdout } = await this.cluster.finished(where, [
      process.execPath,
      '-e',
      ask,
      to,
      '53',
      `${patience}`,
    ])
    return stdout.trim()
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.cluster.close()
  }

  async #spawn(where: string, argv: readonly string[]): Promise<void> {
    const child = this.cluster.spawn(where, argv)
    await new Promise((resolve) => child.stdout!.once('data', resolve))
    this.#children.push(child)
  }
}

const notEsp = (frames: readonly string[]) =>
  frames.filter((frame) => !frame.includes('ESP') && !frame.includes('ARP'))

async function onlyEsp(services: Services, action: () => Promise<unknown>): Promise<void> {
  const frames = await services.cluster.onWire(action)
  assert.ok(frames.length > 0, 'nothing crossed the wire')
  assert.deepEqual(notEsp(frames), [])
}

/** That n1 puts nothing on the wire. What n2 still has to say to an earlier session is n2's. */
async function nothing(services: Services, action: () => Promise<unknown>): Promise<void> {
  const frames = await services.cluster.onWire(action)
  const own = `IP ${services.cluster.underlay(1)} >`
  assert.deepEqual(
    frames.filter((frame) => frame.includes(own) || notEsp([frame]).length > 0),
    [],
  )
}

for (const routing of ['native', 'vxlan'] as const)
  describe(routing, () => {
    let services: Services
    before(async () => {
      services = new Services(`nat-${routing}`, routing)
      await services.start()
    })
    after(() => services?.close())

    test('a pod reaches a pod of another node by a service, over TCP and UDP, and nothing of it is in clear', async () => {
      await onlyEsp(services, async () => {
        assert.ok(await services.talks(1, clusterIp(2)))
        assert.equal(await services.answerFrom(1, clusterIp(2)), clusterIp(2))
        assert.ok(await services.talks(1, clusterIp6(2)))
        assert.equal(await services.answerFrom(1, clusterIp6(2)), clusterIp6(2))
      })
    })

    test('what the node itself has sent to that pod is in nobody’s way', async () => {
      await services.cluster.pingFrom('n1', services.cluster.podAddress(2), 1)
      assert.ok(await services.talks(1, clusterIp(2)))
      assert.deepEqual(await services.cluster.ping(1, 2, 3), { sent: 3, received: 3 })
    })

    test('what is told of it names the pod behind the service, and says encrypted', async () => {
      const flows = await services.cluster.flowsWhile(1, () => services.talks(1, clusterIp(2)))
      const told = flows
        .filter(({ protocol }) => protocol === 'tcp')
        .map(({ hook, verdict, reason, source, destination, destinationPod }) =>
          [hook, verdict, reason, source, destination, destinationPod].join(' ').trim(),
        )
      const [pod, other] = [services.cluster.podAddress(1), services.cluster.podAddress(2)]
      for (const expected of [
        `from-pod forwarded service ${pod} ${clusterIp(2)}`,
        `from-pod encrypted protected ${pod} ${other} p2`,
        `to-pod decrypted protected ${clusterIp(2)} ${pod} p1`,
      ])
        assert.ok(told.includes(expected), `${expected} in ${[...new Set(told)].join('\n')}`)
      assert.ok(!told.some((line) => line.includes('dropped') || line.includes('clear')))
    })

    test('an egress policy is about the pod behind the service; what it denies never leaves the node', async () => {
      await services.put(egress('p1', toPod('p2', 8080)))
      await onlyEsp(services, async () => assert.ok(await services.talks(1, clusterIp(2))))
      let flows: Flow[] = []
      await nothing(services, async () => {
        flows = await services.cluster.flowsWhile(1, async () =>
          assert.ok(await services.isRefused(1, clusterIp(2), 81)),
        )
      })
      const dropped = flows.find(({ verdict }) => verdict === 'dropped')
      assert.deepEqual(
        [dropped?.hook, dropped?.reason, dropped?.destinationPod, dropped?.destinationPort, dropped?.rule],
        ['from-pod', 'policy-denied', 'p2', 8081, 'default/from-p1/egress'],
      )
      assert.equal(await services.answerFrom(1, clusterIp(2), 500), '')
    })

    test('a session by a service stops when its egress is denied, and goes on when it is allowed again', async () => {
      using session = new TcpSession(services.cluster, 1, clusterIp(2), 80)
      assert.ok(await session.goesOn())
      await services.put(egress('p1', toPod('p2', 8081)))
      assert.ok(await session.standsStill())
      await services.put(egress('p1', toPod('p2', 8080)))
      assert.ok(await session.goesOn())
    })

    test('an ipBlock that has the service’s address and not the pod’s does not lead to the pod', async () => {
      await services.put(egress('p1', '{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}'))
      await nothing(services, async () => assert.ok(await services.isRefused(1, clusterIp(2))))
      await services.put(egress('p1', '{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}'))
      await onlyEsp(services, async () => assert.ok(await services.talks(1, clusterIp(2))))
    })

    test('the same where the pod behind it is on the same node, or is the pod itself', async () => {
      await services.put(egress('p1', toPod('p4', 8080)))
      await nothing(services, async () => {
        assert.ok(await services.talks(1, clusterIp(4)))
        assert.ok(await services.isRefused(1, clusterIp(4), 81))
        if (services.translated === 'tables')
          assert.ok(await services.talks(1, clusterIp(1), 81), 'itself, by way of its node')
      })
      await services.put()
    })

    test('an ingress policy of the pod behind it sees who asked', async () => {
      const from = (app: string) =>
        policy(
          'web',
          `{podSelector: {matchLabels: {app: p2}}, ingress: [{from: [{podSelector: {matchLabels: {app: ${app}}}}]}]}`,
        )
      await services.put(from('p1'))
      assert.ok(await services.talks(1, clusterIp(2)))
      assert.ok(await services.isRefused(4, clusterIp(2)))
      await services.put()
    })

    test('between pods out of scope it goes in clear, and with one end in scope it does not', async () => {
      await services.encrypt('{pods: []}')
      const clear = await services.cluster.onWire(async () =>
        assert.ok(await services.talks(1, clusterIp(2))),
      )
      assert.ok(notEsp(clear).length > 0)
      await services.encrypt('{pods: [{podSelector: {matchLabels: {app: p2}}}]}')
      await onlyEsp(services, async () => assert.ok(await services.talks(1, clusterIp(2))))
      await services.encrypt('')
    })

    test('with encryption off it goes in clear, and policies hold all the same', async () => {
      services.cluster.configure({ encryptL3: false, strict: true })
      await services.cluster.settled(1, 2)
      await services.put(egress('p1', toPod('p2', 8080)))
      const clear = await services.cluster.onWire(async () =>
        assert.ok(await services.talks(1, clusterIp(2))),
      )
      assert.ok(notEsp(clear).length > 0)
      assert.ok(await services.isRefused(1, clusterIp(2), 81))
      services.cluster.configure({ encryptL3: true, strict: true })
      await services.put()
    })

    test('with nodes in scope: a service that is a node’s own, a port of the node, and what a node asks itself', async () => {
      await services.encrypt('{nodes: all}')
      await onlyEsp(services, async () => {
        assert.ok(await services.talks(1, nodesAddress, 443), 'a pod asks another node')
        if (services.translated === 'devices') return
        assert.ok(await services.talks(1, services.cluster.underlay(1), 30_080), 'a port of the own node')
        assert.ok(await services.talks('n1', clusterIp(2)), 'the node itself')
      })
      await services.encrypt('')
    })
  })

describe('controls', () => {
  let services: Services
  before(async () => {
    services = new Services('nat-control', 'native')
    await services.start()
  })
  after(() => services?.close())

  /** As if nobody had put the program on routes to other nodes' pods. */
  const takeAwayPrograms = () =>
    services.cluster.route(1, (route) => {
      for (const { program, destination, device, metric, table } of route.routes())
        if (program) route.removeRoute({ destination, device: device!, metric: metric!, table })
    })

  test('without the program on the route nothing passes in strict mode; in permissive mode it is in clear', async () => {
    assert.ok(await services.talks(1, clusterIp(2)))
    await services.cluster.killAgent(1)
    takeAwayPrograms()
    await nothing(services, async () => assert.ok(await services.isRefused(1, clusterIp(2))))
    await services.cluster.startAgent(1)
    services.cluster.configure({ encryptL3: true, strict: false })
    await services.cluster.settled(1, 2)
    await onlyEsp(services, async () =>
      assert.ok(await services.talks(1, clusterIp(2)), 'the agent mends it'),
    )
    await services.cluster.killAgent(1)
    takeAwayPrograms()
    const frames = await services.cluster.onWire(() => services.isRefused(1, clusterIp(2)))
    assert.ok(notEsp(frames).length > 0)
    await services.cluster.startAgent(1)
    services.cluster.configure({ encryptL3: true, strict: true })
    await services.cluster.settled(1, 2)
  })

  test('without the rule that leads to it nothing passes either, and the next agent brings both', async () => {
    await services.cluster.killAgent(1)
    services.cluster.route(1, (route) => {
      for (const rule of route.rules()) if (rule.mark) route.removeRule(rule)
    })
    await nothing(services, async () => assert.ok(await services.isRefused(1, clusterIp(2))))
    await services.cluster.startAgent(1)
    await services.cluster.settled(1, 2)
    await onlyEsp(services, async () => assert.ok(await services.talks(1, clusterIp(2))))
  })
})
