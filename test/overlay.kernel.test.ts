import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AgentCluster } from './agent-cluster.ts'

let cluster: AgentCluster
const nodes = [1, 2]
const all = (count: number) => ({ sent: count, received: count })

before(async () => {
  cluster = new AgentCluster('overlay', { routing: 'vxlan' })
  for (const id of nodes) cluster.addNode(id)
  await Promise.all(nodes.map((id) => cluster.startAgent(id)))
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
})
after(() => cluster?.close())

test('pods of different nodes reach each other in VXLAN, and the wire carries nothing but ESP', async () => {
  const frames = await cluster.onWire(async () => {
    assert.deepEqual(await cluster.ping(1, 2, 5), all(5))
  })
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
  assert.equal(frames.length, 10)
})
