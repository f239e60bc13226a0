import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KubeConfig } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import type { AgentStatus } from '../../agent/api.ts'
import { FileStore } from '../../agent/cluster/files.ts'
import type { Announcement } from '../../agent/cluster/state.ts'
import { newIncarnation } from '../../agent/keys/incarnation.ts'
import { ApiServer } from '../../agent/kubernetes/api-server.ts'
import { EventPublisher } from '../../agent/kubernetes/event-publisher.ts'
import type { ApiObject } from '../../agent/kubernetes/follow.ts'
import { type AddressesBy, Mirror } from '../../agent/kubernetes/mirror.ts'
import { agentManifests, keyManifest } from '../../deploy/kubernetes/manifests.ts'
import type { KubernetesObject } from '../../deploy/kubernetes/object.ts'
import { defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { eventually } from '../eventually.ts'
import { type ControlPlane, startControlPlane } from './api-server.ts'

const key = `3+ rfc4106(gcm(aes)) ${'11'.repeat(20)} 128\n`
const quiet = () => {}

let plane: ControlPlane
const directories: string[] = []

before(async () => {
  plane = await startControlPlane()
  apply([...agentManifests(defaultSettings), keyManifest(key)])
  apply([
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'store', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
  ])
  for (const id of [1, 2, 3]) await putNode(id)
})
after(async () => {
  await plane?.stop()
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

function kubectl(argv: readonly string[], input = '') {
  return spawnSync('kubectl', ['--kubeconfig', plane.kubeconfig, ...argv], { input, encoding: 'utf8' })
}

function apply(objects: readonly KubernetesObject[]): void {
  const documents = objects.map((each) => stringify(each)).join('---\n')
  // What a definition defines is known a moment after it.
  const { status, stderr } = kubectl(['apply', '--server-side', '-f', '-'], documents)
  assert.equal(status, 0, stderr)
}

async function putNode(id: number): Promise<void> {
  const name = `n${id}`
  await plane.server.create('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { zone: `z${id}` } },
    spec: { podCIDR: `10.244.${id}.0/24`, podCIDRs: [`10.244.${id}.0/24`] },
  })
  const { status, stderr } = kubectl([
    'patch',
    'node',
    name,
    '--subresource=status',
    '-p',
    JSON.stringify({ status: { addresses: [{ type: 'InternalIP', address: `172.18.0.${id}` }] } }),
  ])
  assert.equal(status, 0, stderr)
}

/** A node's agent, as far as its store goes, and the mirror beside it. */
interface Station {
  readonly directory: string
  readonly store: FileStore
  mirror: Mirror
}

async function station(node: string, addresses: AddressesBy = 'ranges'): Promise<Station> {
  const directory = mkdtempSync(join(tmpdir(), `wireproof-mirror-${node}-`))
  directories.push(directory)
  const keyFile = join(directory, 'secret', 'key')
  mkdirSync(join(directory, 'secret'))
  writeFileSync(keyFile, key)
  const mirror = new Mirror(plane.server, node, join(directory, 'cluster'), quiet, { addresses })
  await mirror.start()
  const store = new FileStore(join(directory, 'cluster'), { keyFile, revisions: 'assigned' })
  store.refresh(true)
  return { directory, store, mirror }
}

/** The API server as the mirror of a node's agent reaches it, with the token of its pod. */
function agentsServer(node: string): ApiServer {
  const account = ['wireproof-agent', '-n', 'wireproof-system']
  const bound = ['--bound-object-kind=Node', `--bound-object-name=${node}`]
  const { stdout, stderr } = kubectl(['create', 'token', ...account, ...bound])
  assert.equal(stderr, '')
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'plane', server: plane.server.address, skipTLSVerify: true },
    { name: 'agent', token: stdout.trim() },
  )
  return new ApiServer(config)
}

const view = ({ store }: Station) => {
  store.refresh(true)
  return store.view
}

const announcement = (incarnation: string, receives: number): Announcement => ({
  incarnation,
  key: '3',
  receives,
  sends: receives,
  attempts: {},
  datapath: { encryptL3: true, strict: true },
})

describe('a cluster store that mirrors the API server', () => {
  const stations: Station[] = []
  before(async () => {
    for (const node of ['n1', 'n2']) stations.push(await station(node))
  })
  after(() => {
    for (const { mirror } of stations) mirror.close()
  })

  test('has settings, nodes, namespaces and services from its first reading', () => {
    const { settings, nodes, namespaces, services } = view(stations[0]!)
    assert.deepEqual(settings, {
      encryptL3: true,
      strict: true,
      routing: 'native',
      clusterCidrs: ['10.244.0.0/16'],
    })
    assert.deepEqual([...nodes.keys()].sort(), ['n1', 'n2', 'n3'])
    assert.deepEqual(nodes.get('n2'), {
      name: 'n2',
      underlay: '172.18.0.2',
      podCidrs: ['10.244.2.0/24'],
      labels: { zone: 'z2' },
    })
    assert.ok(namespaces.get('kube-system'))
    const { addresses, ...store } = services.get('default/store')!
    assert.deepEqual(store, { name: 'store', namespace: 'default', selector: { app: 'web' } })
    assert.match(`${addresses}`, /^\d+\.\d+\.\d+\.\d+$/)
  })

  test('gives lives revisions in the order in which they were published, the same for all', async () => {
    const [one, two] = stations as [Station, Station]
    const incarnations = [newIncarnation(), newIncarnation()]
    one.store.publishLife('n1', incarnations[0]!)
    assert.equal(view(one).lives.get('n1')?.revision, Number.MAX_SAFE_INTEGER)
    await eventually(() => assert.ok(view(one).lives.get('n1')!.revision < Number.MAX_SAFE_INTEGER))
    two.store.publishLife('n2', incarnations[1]!)
    await eventually(() => {
      for (const each of stations) {
        const { lives, revision } = view(each)
        assert.deepEqual(
          ['n1', 'n2'].map((name) => lives.get(name)?.incarnation),
          incarnations,
        )
        assert.ok(lives.get('n1')!.revision < lives.get('n2')!.revision)
        assert.equal(revision, lives.get('n2')!.revision)
      }
      assert.deepEqual([...view(one).lives].sort(), [...view(two).lives].sort())
    })
  })

  test('carries announcements from one to the other, and the last that was said wins', async () => {
    const [one, two] = stations as [Station, Station]
    const { incarnation } = view(one).lives.get('n1')!
    for (let receives = 1; receives <= 20; receives++)
      one.store.announce('n1', announcement(incarnation, receives))
    await eventually(() => assert.equal(view(two).announcements.get('n1')?.receives, 20))
    await sleep(1000)
    assert.equal(view(two).announcements.get('n1')?.receives, 20)
    assert.equal(view(one).revision, view(two).lives.get('n2')!.revision)
  })

  test('does not write where nothing has changed: nobody is woken for nothing', async () => {
    const version = async () =>
      ((await plane.server.get('/apis/wireproof.dev/v1alpha1/wireproofnodes/n1')) as ApiObject).metadata
        .resourceVersion
    const before = await version()
    stations[0]!.mirror.own!.publish()
    await sleep(1000)
    assert.equal(await version(), before)
  })

  test('has pods by namespace and name, but not those that have no address of their own', async () => {
    apply([
      pod('web', { labels: { app: 'web' }, ports: [{ name: 'http', containerPort: 8080 }] }),
      pod('host', { hostNetwork: true }),
      pod('pending', {}),
    ])
    setPodAddress('web', '10.244.1.5')
    setPodAddress('host', '172.18.0.1')
    await eventually(() => {
      const { pods } = view(stations[1]!)
      assert.deepEqual(pods.get('default/web'), {
        name: 'default/web',
        node: 'n1',
        addresses: ['10.244.1.5'],
        labels: { app: 'web' },
        namespace: 'default',
        ports: { http: 8080 },
      })
      assert.equal(pods.has('default/host') || pods.has('default/pending'), false)
    })
    kubectl(['delete', 'pod', 'web', '--grace-period=0', '--force'])
    await eventually(() => assert.equal(view(stations[1]!).pods.has('default/web'), false))
  })

  test('has of every node what its pods have, where addresses are known by pods', async () => {
    apply([pod('early', { nodeName: 'n1' })])
    setPodAddress('early', '10.90.16.5')
    const other = await station('n2', 'pods')
    const claimed = (name: string) => view(other).nodes.get(name)?.podCidrs
    try {
      await eventually(() => assert.deepEqual(claimed('n1'), ['10.90.16.5/32']))
      assert.deepEqual([claimed('n2'), claimed('n3')], [[], []])
      apply([pod('late', { nodeName: 'n2' })])
      setPodAddress('late', '10.90.16.6')
      await eventually(() => assert.deepEqual(claimed('n2'), ['10.90.16.6/32']))
      assert.deepEqual(view(other).problems, [])
      // Whoever comes after it takes nothing back that is so, not even for a moment.
      other.mirror.close()
      const path = join(other.directory, 'cluster/nodes')
      const before = readdirSync(path).map((file) => statSync(join(path, file)).mtimeMs)
      const next = new Mirror(plane.server, 'n2', join(other.directory, 'cluster'), quiet, {
        addresses: 'pods',
      })
      await next.start()
      assert.deepEqual(
        readdirSync(path).map((file) => statSync(join(path, file)).mtimeMs),
        before,
      )
      other.mirror = next
      kubectl(['delete', 'pod', 'early', '--grace-period=0', '--force'])
      await eventually(() => assert.deepEqual(claimed('n1'), []))
    } finally {
      kubectl(['delete', 'pod', 'early', 'late', '--grace-period=0', '--force', '--ignore-not-found'])
      other.mirror.close()
    }
  })

  test('has policies as the API server keeps them', async () => {
    apply([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web', namespace: 'default' },
        spec: {
          podSelector: { matchLabels: { app: 'web' } },
          ingress: [
            { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80 }] },
          ],
        },
      },
      {
        apiVersion: 'wireproof.dev/v1alpha1',
        kind: 'EncryptionPolicy',
        metadata: { name: 'only-web' },
        spec: { pods: [{ podSelector: { matchLabels: { app: 'web' } } }] },
      },
    ])
    await eventually(() => {
      const { policies, encryptionPolicies, problems } = view(stations[0]!)
      assert.deepEqual(problems, [])
      assert.equal(policies.get('default/web')?.[0]?.name, 'web')
      assert.deepEqual(encryptionPolicies.get('only-web')?.[0]?.pods, [
        { pods: [{ key: 'app', operator: 'In', values: ['web'] }], namespaces: [] },
      ])
    })
  })

  test('keeps what it has while the API server is away, says so, and catches up', async () => {
    const [one, two] = stations as [Station, Station]
    await plane.crash()
    await eventually(() => assert.match(view(one).problems.join('\n'), /has not been heard: .*, since 20/))
    assert.equal(view(one).nodes.size, 3)
    const incarnation = newIncarnation()
    two.store.publishLife('n2', incarnation)
    await sleep(500)
    assert.equal(view(two).lives.get('n2')?.revision, Number.MAX_SAFE_INTEGER)
    await plane.recover()
    await eventually(() => assert.equal(view(one).lives.get('n2')?.incarnation, incarnation), {
      withinMs: 60_000,
    })
    await eventually(() => assert.deepEqual(view(one).problems, []), { withinMs: 60_000 })
  })

  test('forgets a node that has left, with all that it has said', async () => {
    kubectl(['delete', 'node', 'n2'])
    kubectl(['delete', 'wireproofnode', 'n2'])
    await eventually(() => {
      const { nodes, lives, announcements } = view(stations[0]!)
      assert.deepEqual([nodes.has('n2'), lives.has('n2'), announcements.has('n2')], [false, false, false])
    })
  })

  test('says again what somebody has deleted', async () => {
    const { incarnation } = view(stations[0]!).lives.get('n1')!
    kubectl(['delete', 'wireproofnode', 'n1'])
    await eventually(() => {
      const { stdout } = kubectl(['get', 'wireproofnode', 'n1', '-o', 'jsonpath={.status.incarnation}'])
      assert.equal(stdout, incarnation)
    })
  })

  test('ends where it cannot keep what it hears, rather than show the past', async () => {
    const { directory, mirror } = await station('n3')
    rmSync(join(directory, 'cluster', 'namespaces'), { recursive: true })
    writeFileSync(join(directory, 'cluster', 'namespaces'), '')
    const failure = mirror.failure.then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    )
    kubectl(['create', 'namespace', 'unheard-of'])
    assert.ok(['ENOTDIR', 'EEXIST'].includes(`${await Promise.race([failure, sleep(5000)])}`))
    mirror.close()
  })

  test('lets an agent speak of its own node, and read no secret', async () => {
    const account = ['wireproof-agent', '-n', 'wireproof-system']
    const as = (node: string) => {
      const bound = ['--bound-object-kind=Node', `--bound-object-name=${node}`]
      const { stdout, stderr } = kubectl(['create', 'token', ...account, ...bound])
      assert.equal(stderr, '')
      // Without the certificates and tokens of the administrator.
      return [
        '--kubeconfig=/dev/null',
        `--server=${plane.server.address}`,
        '--insecure-skip-tls-verify',
        `--token=${stdout.trim()}`,
      ]
    }
    const speak = (node: string) => {
      const object = JSON.parse(kubectl(['get', 'wireproofnode', 'n1', '-o', 'json']).stdout)
      object.status.peers = 7
      const raw = '/apis/wireproof.dev/v1alpha1/wireproofnodes/n1/status'
      return kubectl(['replace', '--raw', raw, '-f', '-', ...as(node)], JSON.stringify(object))
    }
    assert.equal(speak('n1').stderr, '')
    assert.match(speak('n3').stderr, /an agent speaks of its own node only/)
    const secrets = kubectl(['get', 'secrets', '-n', 'wireproof-system', ...as('n1')])
    assert.match(secrets.stderr, /cannot list resource "secrets"/)
  })

  test('tells people in Events what the agent has stopped: one for each kind, with a series, under its own token', async () => {
    const publisher = new EventPublisher(agentsServer('n1'), 'n1', quiet)
    const uid = kubectl(['get', 'wireproofnode', 'n1', '-o', 'jsonpath={.metadata.uid}']).stdout
    const status = (packets: number, obstacle?: string) =>
      ({
        started: 'once',
        counters: { 'to-wire/dropped/clear-on-wire': { packets, bytes: 0 } },
        ...(obstacle && { obstacle }),
      }) as unknown as AgentStatus
    const now = Date.now()
    await publisher.publish(status(0), uid, now)
    await publisher.publish(status(1, 'no ESP'), uid, now + 1000)
    await publisher.publish(status(40, 'no ESP'), uid, now + 2000)
    await publisher.publish(status(41, 'no ESP'), uid, now + 62_000)
    const { items } = JSON.parse(kubectl(['get', 'events.events.k8s.io', '-o', 'json']).stdout) as {
      items: { reason: string; series?: { count: number }; regarding: { kind: string; uid: string } }[]
    }
    const told = items.filter(({ regarding }) => regarding.kind === 'WireproofNode')
    assert.deepEqual(
      told.map(({ reason, series, regarding }) => [reason, series?.count, regarding.uid]).sort(),
      [
        ['CleartextStopped', 41, uid],
        ['NoESP', undefined, uid],
      ],
    )
    assert.match(kubectl(['describe', 'wireproofnode', 'n1']).stdout, /CleartextStopped.*were dropped/)
    const problems: string[] = []
    const stranger = new EventPublisher(agentsServer('n3'), 'n1', (_, __, fields) =>
      problems.push(`${fields?.message}`),
    )
    await stranger.publish(status(0, 'no ESP'), uid, now)
    assert.match(problems.join(), /an agent speaks of its own node only/)
  })

  test('as a program reads all once, and ends with a sentence where it cannot', () => {
    const directory = mkdtempSync(join(tmpdir(), 'wireproof-mirror-program-'))
    directories.push(directory)
    const program = fileURLToPath(new URL('../../agent/kubernetes/main.ts', import.meta.url))
    const run = (kubeconfig: string) =>
      spawnSync(
        process.execPath,
        [
          program,
          '--node=n1',
          `--cluster=${directory}`,
          '--socket=/nowhere',
          `--kubeconfig=${kubeconfig}`,
          '--once',
        ],
        { encoding: 'utf8' },
      )
    const { status, stderr } = run(plane.kubeconfig)
    assert.equal(status, 0, stderr)
    assert.deepEqual(readdirSync(join(directory, 'nodes')).sort(), ['n1.json', 'n3.json'])
    const refused = run('/nowhere')
    assert.equal(refused.status, 4)
    assert.match(refused.stderr, /"cannot-go-on".*\/nowhere/)
  })

  test('shows people which nodes encrypt', async () => {
    const { mirror } = stations[0]!
    mirror.own!.tell({
      suite: 'aes-gcm-128',
      keyId: 3,
      peers: 1,
      conditions: [
        {
          type: 'Encrypting',
          status: 'False',
          reason: 'NoESP',
          message: 'this kernel cannot encrypt',
          lastTransitionTime: new Date().toISOString(),
        },
      ],
    })
    await eventually(() => {
      const { stdout } = kubectl(['get', 'wireproofnodes'])
      assert.match(stdout, /^NAME +READY +ENCRYPTING +REASON +SUITE +KEY +PEERS +AGE$/m)
      assert.match(stdout, /^n1 +False +NoESP +aes-gcm-128 +3 +1 /m)
    })
  })
})

function pod(
  name: string,
  {
    nodeName = 'n1',
    labels = {},
    hostNetwork = false,
    ports = [] as { name: string; containerPort: number }[],
  },
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { nodeName, hostNetwork, containers: [{ name: 'c', image: 'c', ports }] },
  }
}

function setPodAddress(name: string, address: string): void {
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] }
  const { stderr, status: code } = kubectl([
    'patch',
    'pod',
    name,
    '--subresource=status',
    '-p',
    JSON.stringify({ status }),
  ])
  assert.equal(code, 0, stderr)
}
