import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AgentCluster } from './agent-cluster.ts'
import { eventually } from './eventually.ts'

// Two nodes on which a CNI plugin plugs pods in, and tells no agent.
let cluster: AgentCluster
const nodes = [1, 2]
const flags = ['--pods=routes']

before(async () => {
  cluster = new AgentCluster('plugged')
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id, flags)))
  await cluster.settled(...nodes)
})
after(() => cluster?.close())

const isGuarded = async (id: number) => (await cluster.agent(id).status()).pods.includes(`p${id}`)
const guarded = (id: number) => async () => assert.ok(await isGuarded(id))

test('a pod that is plugged in behind the agent’s back sends nothing in clear, and is guarded by its route', async () => {
  cluster.plugUntold(1)
  await eventually(guarded(1))
  const frames = await cluster.onWire(async () => {
    cluster.plugUntold(2)
    // From the first moment, before the agent can have seen it.
    const early = await cluster.ping(2, 1, 100)
    assert.ok(early.received > 0, JSON.stringify(early))
    await eventually(guarded(2))
    assert.deepEqual(await cluster.ping(1, 2, 20), { sent: 20, received: 20 })
  })
  assert.ok(frames.some((frame) => frame.includes('ESP')))
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP') && !frame.includes('ARP')),
    [],
  )
})

test('the next agent knows the device, and a pod that is unplugged is forgotten', async () => {
  await cluster.killAgent(1)
  await cluster.startAgent(1, flags)
  await cluster.settled(...nodes)
  assert.ok(await isGuarded(1))
  assert.deepEqual(await cluster.ping(1, 2, 20), { sent: 20, received: 20 })
  cluster.route(1, (route) => route.deleteLink('p1'))
  await eventually(async () => assert.ok(!(await isGuarded(1))))
})
