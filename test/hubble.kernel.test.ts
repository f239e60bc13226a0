import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { GetFlowsRequest } from '../agent/hubble/get-flows.ts'
import { type Message, ObserverClient } from '../agent/hubble/observer-client.ts'
import { AgentCluster } from './agent-cluster.ts'

// Two nodes with a pod each, asked by the protocol of the `hubble` command. The tests follow each other.
let cluster: AgentCluster
const nodes = [1, 2]
const clients: ObserverClient[] = []

before(async () => {
  cluster = new AgentCluster('hubble')
  for (const id of nodes) cluster.addNode(id)
  for (const id of nodes) {
    const socket = join(cluster.directory, `n${id}.hubble.sock`)
    await cluster.startAgent(id, ['--hubble', socket])
    clients[id] = new ObserverClient(`unix://${socket}`)
  }
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
})

after(async () => {
  for (const client of clients) client?.close()
  await cluster?.close()
})

async function flows(node: number, request: GetFlowsRequest): Promise<Message[]> {
  const { messages, status } = await clients[node]!.flows(request)
  assert.equal(status.code, 0, status.details)
  return messages.map(({ flow }) => flow)
}

const now = () => ({ seconds: `${Math.floor(Date.now() / 1000)}` })
/** What `hubble observe --protocol icmp --unencrypted` sends, and the same for what is encrypted. */
const pings = (encrypted: boolean) => [{ protocol: ['icmp'], encrypted: [encrypted] }]

test('what pods of two nodes send each other is shown encrypted, with both ends, and nothing unencrypted', async () => {
  assert.deepEqual(await cluster.ping(1, 2, 3), { sent: 3, received: 3 })
  const [leaving] = await flows(1, { whitelist: [{ source_pod: ['p1'], encrypted: [true] }] })
  assert.deepEqual(leaving.IP, {
    source: cluster.podAddress(1),
    destination: cluster.podAddress(2),
    ipVersion: 'IPv4',
    encrypted: true,
  })
  assert.deepEqual([leaving.source.pod_name, leaving.source.labels], ['p1', ['k8s:app=p1']])
  assert.deepEqual([leaving.destination.pod_name, leaving.destination.labels], ['p2', ['k8s:app=p2']])
  assert.notEqual(leaving.source.identity, leaving.destination.identity)
  assert.equal(leaving.trace_observation_point, 'FROM_ENDPOINT')

  const [arriving] = await flows(2, { whitelist: [{ source_pod: ['p1'], traffic_direction: ['INGRESS'] }] })
  assert.deepEqual([arriving.node_name, arriving.IP.encrypted], ['n2', true])
  assert.equal(arriving.source.identity, leaving.source.identity)
  for (const node of nodes) assert.deepEqual(await flows(node, { whitelist: pings(false) }), [])
})

test('what carries it is shown as ESP between the nodes', async () => {
  const wire = await flows(1, {
    whitelist: [{ event_type: [{ type: 4, match_sub_type: true, sub_type: 11 }] }],
  })
  assert.ok(wire.length > 0)
  for (const { IP, source, destination } of wire) {
    assert.deepEqual([IP.source, IP.destination, IP.encrypted], ['192.168.0.1', '192.168.0.2', true])
    assert.deepEqual([source.labels, destination.labels], [['reserved:host'], ['reserved:remote-node']])
  }
})

test('a packet under a foreign address is shown as dropped, with the reason', async () => {
  const foreign = '10.0.1.99'
  cluster.run('p1', ['ip', 'address', 'add', `${foreign}/32`, 'dev', 'eth0'])
  cluster.run('p1', ['ping', '-c', '1', '-W', '1', '-I', foreign, cluster.podAddress(2)])
  const [dropped] = await flows(1, { whitelist: [{ verdict: ['DROPPED'], source_ip: [foreign] }] })
  assert.deepEqual([dropped.drop_reason_desc, dropped.IP.encrypted], ['INVALID_SOURCE_IP', false])
})

test('with encryption off, the same question shows the same traffic unencrypted, as it happens', async () => {
  cluster.configure({ encryptL3: false, strict: true })
  await cluster.settled(...nodes)
  const since = now()
  const follower = clients[1]!.follow({ follow: true, since, whitelist: pings(false) })
  const followed = new Promise<Message>((resolve) => follower.once('data', resolve))
  follower.on('error', () => {})
  assert.deepEqual(await cluster.ping(1, 2, 3), { sent: 3, received: 3 })
  const { flow } = await followed
  follower.cancel()
  assert.deepEqual([flow.verdict, flow.IP.encrypted, flow.destination.pod_name], ['FORWARDED', false, 'p2'])
  for (const node of nodes) {
    const clear = await flows(node, { whitelist: pings(false), since })
    assert.ok(clear.length > 0)
    assert.ok(
      clear.every(({ verdict, Summary }) => verdict === 'FORWARDED' && Summary.includes('encryption-off')),
    )
  }
})

test('over TCP an agent shows its certificate before anything else', async () => {
  const file = (name: string) => join(cluster.directory, name)
  const paths = ['-keyout', file('tls.key'), '-out', file('tls.pem')]
  const certificate = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
  assert.equal(cluster.run('n2', ['openssl', ...certificate, ...paths, '-subj', '/CN=n2']).status, 0)
  await cluster.killAgent(2)
  const tls = ['--hubble-tls-cert', file('tls.pem'), '--hubble-tls-key', file('tls.key')]
  await cluster.startAgent(2, ['--hubble-listen', `${cluster.underlay(2)}:4244`, ...tls])
  const ask = ['s_client', '-connect', `${cluster.underlay(2)}:4244`, '-alpn', 'h2', '-verify_return_error']
  const trusting = cluster.run('n1', ['openssl', ...ask, '-CAfile', file('tls.pem')])
  assert.equal(trusting.status, 0)
  assert.match(trusting.stdout, /ALPN protocol: h2/)
  assert.notEqual(cluster.run('n1', ['openssl', ...ask]).status, 0)
})

test('the status counts what was seen, and the nodes are those of the cluster', async () => {
  const { seen_flows: seen, num_flows: kept } = await clients[1]!.call('observer.Observer', 'ServerStatus')
  assert.ok(Number(seen) > 0)
  assert.ok(Number(kept) >= Number(seen))
  const { nodes: known } = await clients[1]!.call('observer.Observer', 'GetNodes')
  assert.deepEqual(
    known.map(({ name }: { name: string }) => name),
    ['n1', 'n2'],
  )
})
