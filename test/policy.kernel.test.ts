import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Flow } from '../agent/api.ts'
import { AgentCluster } from './agent-cluster.ts'
import { serveEcho, TcpSession } from './tcp-session.ts'

// Pods p1, p2 and p3 on a node each; p2 answers on ports 80 and 81. The tests follow each other on the same cluster.
let cluster: AgentCluster
const nodes = [1, 2, 3]
const servers: ChildProcess[] = []

before(async () => {
  cluster = new AgentCluster('policy')
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of [1, 2]) await cluster.addPod(id)
  await cluster.settled(...nodes)
  for (const port of [80, 81]) servers.push(await serveEcho(cluster, 2, port))
})

after(async () => {
  for (const server of servers) server.kill('SIGKILL')
  await cluster?.close()
})

const policy = (name: string, spec: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`
const denyAll = policy('deny-all', '{podSelector: {}, policyTypes: [Ingress, Egress]}')
const denyIngress = policy('deny-ingress', '{podSelector: {}, policyTypes: [Ingress]}')
const toWeb = policy(
  'client',
  '{podSelector: {matchLabels: {app: p1}}, policyTypes: [Egress],' +
    ' egress: [{to: [{podSelector: {matchLabels: {app: p2}}}], ports: [{port: 80}]}]}',
)
const fromClient = policy(
  'web',
  '{podSelector: {matchLabels: {app: p2}},' +
    ' ingress: [{from: [{podSelector: {matchLabels: {app: p1}}}], ports: [{port: 80}]}]}',
)

async function put(...policies: readonly string[]): Promise<void> {
  cluster.setPolicies(policies.join('---\n'))
  await cluster.settled(...nodes)
}

async function counted(id: number, name: string): Promise<number> {
  return (await cluster.agent(id).status()).counters[name]?.packets ?? 0
}

const notEsp = (frames: readonly string[]) => frames.filter((frame) => !frame.includes('ESP'))

test('under default deny a session that both sides allow opens, is answered, and names its rules; all in ESP', async () => {
  await put(denyAll, toWeb, fromClient)
  let sent: Flow[] = []
  let received: Flow[] = []
  const frames = await cluster.onWire(async () => {
    received = await cluster.flowsWhile(2, async () => {
      sent = await cluster.flowsWhile(1, async () => {
        using session = new TcpSession(cluster, 1, 2, 80)
        assert.ok(await session.goesOn())
      })
    })
  })
  assert.ok(frames.length > 0)
  assert.deepEqual(notEsp(frames), [])
  const told = (flows: Flow[], hook: string) =>
    flows.find((flow) => flow.hook === hook && flow.protocol === 'tcp' && flow.verdict !== 'dropped')
  assert.equal(told(sent, 'from-pod')?.rule, 'default/client/egress/0')
  assert.equal(told(sent, 'to-pod')?.rule, 'default/client/egress/0', 'the answers pass by the same rule')
  assert.equal(told(received, 'to-pod')?.rule, 'default/web/ingress/0')
  assert.equal(told(received, 'to-pod')?.verdict, 'decrypted')
})

test('what the sender may not do never leaves its node, and says which policies isolate the pod', async () => {
  let connected = true
  let flows: Flow[] = []
  const frames = await cluster.onWire(async () => {
    flows = await cluster.flowsWhile(1, async () => {
      using session = new TcpSession(cluster, 1, 2, 81)
      assert.ok(await session.standsStill())
      connected = session.connected
    })
  })
  assert.equal(connected, false)
  assert.deepEqual(frames, [])
  const dropped = flows.find((flow) => flow.reason === 'policy-denied')
  assert.deepEqual(
    [dropped?.hook, dropped?.verdict, dropped?.destinationPort, dropped?.rule],
    ['from-pod', 'dropped', 81, 'default/client/egress, default/deny-all/egress'],
  )
})

test('what the receiver does not allow crosses the wire encrypted, is decrypted, and ends before the pod', async () => {
  await put(denyIngress, fromClient)
  const before = await counted(2, 'to-pod/dropped/policy-denied')
  const decrypted = await counted(2, 'from-wire/decrypted/protected')
  const frames = await cluster.onWire(async () => {
    using session = new TcpSession(cluster, 1, 2, 81)
    assert.ok(await session.standsStill())
    assert.equal(session.connected, false)
  })
  assert.ok(frames.length > 0)
  assert.deepEqual(notEsp(frames), [])
  const denied = (await counted(2, 'to-pod/dropped/policy-denied')) - before
  assert.ok(denied > 0)
  assert.equal((await counted(2, 'from-wire/decrypted/protected')) - decrypted, denied)
})

test('replies pass into a pod that nobody may connect to', async () => {
  // p1 is isolated from everyone: what reaches it are answers.
  using session = new TcpSession(cluster, 1, 2, 80)
  assert.ok(await session.goesOn())
  assert.deepEqual(await cluster.ping(2, 1, 3), { sent: 3, received: 0 })
})

test('a policy that changes in mid-session stops it, and lets it go on when it is allowed again', async () => {
  await put(denyAll, toWeb, fromClient)
  using session = new TcpSession(cluster, 1, 2, 80)
  assert.ok(await session.goesOn())
  const frames = await cluster.onWire(async () => {
    await put(denyAll, toWeb)
    assert.ok(await session.standsStill(), 'the receiver does not allow it any more')
    await put(denyAll, toWeb, fromClient)
    assert.ok(await session.goesOn(), 'the receiver allows it again')
    await put(denyAll, fromClient)
    assert.ok(await session.standsStill(), 'the sender does not allow it any more')
    await put(denyAll, toWeb, fromClient)
    assert.ok(await session.goesOn(), 'the sender allows it again')
  })
  assert.ok(frames.length > 0)
  assert.deepEqual(notEsp(frames), [])
})

test('a policy that comes into force does not disturb a session that it allows', async () => {
  await put()
  const pings = cluster.ping(1, 2, 100)
  await delay(300)
  await put(policy('icmp', '{podSelector: {}, ingress: [{from: [{podSelector: {}}]}], egress: [{}]}'))
  await put(policy('icmp', '{podSelector: {}, egress: [{to: [{podSelector: {}}]}], ingress: [{}]}'))
  await put()
  assert.deepEqual(await pings, { sent: 100, received: 100 })
})

test('policies are in force for a pod from its first packet, and for whoever may talk to it', async () => {
  await put(denyAll)
  await cluster.addPod(3)
  assert.deepEqual(await cluster.ping(3, 2, 3), { sent: 3, received: 0 })
  assert.equal(await counted(3, 'from-pod/encrypted/protected'), 0)
  assert.equal(await counted(3, 'from-pod/dropped/policy-denied'), 3)
  const between = (a: number, b: number) =>
    policy(
      `between-${a}-${b}`,
      `{podSelector: {matchExpressions: [{key: app, operator: In, values: [p${a}, p${b}]}]}, ingress: [{from: [{podSelector: {}}]}], egress: [{}]}`,
    )
  await put(denyAll, between(2, 3))
  assert.deepEqual(await cluster.ping(3, 2, 3), { sent: 3, received: 3 })
  assert.deepEqual(await cluster.ping(3, 1, 3), { sent: 3, received: 0 })
})

test('a node reaches its own pods whatever the policies say, and no other node in the same way', async () => {
  await put(denyAll)
  const ping = (node: number) =>
    cluster.run(`n${node}`, ['ping', '-q', '-c', '2', '-i', '0.1', '-W', '0.5', cluster.podAddress(2)]).status
  assert.equal(ping(2), 0)
  const denied = await counted(2, 'to-pod/dropped/policy-denied')
  ping(1)
  assert.equal(await counted(2, 'to-pod/dropped/policy-denied'), denied + 2)
  await put()
  const forwarded = await counted(2, 'to-pod/forwarded/not-protected')
  ping(1)
  assert.equal(await counted(2, 'to-pod/forwarded/not-protected'), forwarded + 2, 'without policies it does')
})

test('a policy that is not understood is said to be, and what it said before stays in force', async () => {
  await put(denyAll)
  cluster.setPolicies(denyAll.replace('podSelector', 'podselector'))
  await cluster.settled(...nodes)
  const { problem } = await cluster.agent(1).status()
  assert.match(
    `${problem}`,
    /^policies\/all\.yaml is not understood: spec\.podselector is not known; allowed are/,
  )
  assert.deepEqual(await cluster.ping(1, 2, 3), { sent: 3, received: 0 })
  await put()
  assert.equal((await cluster.agent(1).status()).problem, undefined)
  assert.deepEqual(await cluster.ping(1, 2, 3), { sent: 3, received: 3 })
})

test('policies stay in force without an agent, and sessions with the next one', async () => {
  await put(denyAll, toWeb, fromClient)
  using session = new TcpSession(cluster, 1, 2, 80)
  assert.ok(await session.goesOn())
  await cluster.killAgent(2)
  assert.ok(await session.goesOn())
  {
    using denied = new TcpSession(cluster, 1, 2, 81)
    assert.ok(await denied.standsStill())
    assert.equal(denied.connected, false)
  }
  const { sessions } = await (await cluster.startAgent(2)).status()
  assert.ok(sessions.entries > 0, 'it goes on with the sessions there were')
  await cluster.settled(...nodes)
  assert.ok(await session.goesOn())
  using denied = new TcpSession(cluster, 1, 2, 81)
  assert.ok(await denied.standsStill())
  assert.equal(denied.connected, false)
})
