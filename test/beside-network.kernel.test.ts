import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Survey } from '../agent/kubernetes/survey.ts'
import { AgentCluster } from './agent-cluster.ts'
import { eventually } from './eventually.ts'

// Two nodes in a network of somebody else's, as in a cloud: it sends what is for other nodes to a router, and gives nodes no ranges.
let cluster: AgentCluster
const nodes = [1, 2]
const flags = ['--pods=routes']

before(async () => {
  cluster = new AgentCluster('beside', { routing: 'given' })
  for (const id of nodes) {
    cluster.addNode(id)
    cluster.describeNode(`n${id}`, id, [])
    cluster.route(id, (route) =>
      route.addRoute({ destination: '0.0.0.0/0', via: '192.168.0.254', device: 'eth0' }),
    )
  }
  await Promise.all(nodes.map((id) => cluster.startAgent(id, flags)))
  await cluster.settled(...nodes)
})
after(() => cluster?.close())

const inClear = (frames: readonly string[]) =>
  frames.filter((frame) => !frame.includes('ESP') && !frame.includes('ARP'))

test('what goes to an address that no node has claimed yet is held back', async () => {
  for (const id of nodes) {
    cluster.plugUntold(id)
    await eventually(async () => assert.ok((await cluster.agent(id).status()).pods.includes(`p${id}`)))
  }
  const frames = await cluster.onWire(async () => {
    assert.equal((await cluster.ping(1, 2, 5)).received, 0)
  })
  assert.deepEqual(inClear(frames), [])
})

test('once each pod’s address is its node’s, pods talk, in ESP from node to node', async () => {
  for (const id of nodes) cluster.describeNode(`n${id}`, id, [`${cluster.podAddress(id)}/32`])
  await cluster.settled(...nodes)
  const frames = await cluster.onWire(async () => {
    assert.deepEqual(await cluster.ping(1, 2, 20), { sent: 20, received: 20 })
  })
  assert.ok(frames.some((frame) => frame.includes('ESP')))
  assert.deepEqual(inClear(frames), [])
})

test('a pod that sends more than fits is told what does, although no route of ours says so', () => {
  for (const id of nodes) {
    cluster.run(`p${id}`, ['ip', 'link', 'set', 'eth0', 'mtu', '1500'])
    cluster.run(`n${id}`, ['ip', 'link', 'set', `p${id}`, 'mtu', '1500'])
  }
  const send = (bytes: number) =>
    cluster.run('p1', [
      ...['ping', '-M', 'do', '-c', '2', '-i', '0.2', '-W', '1', '-s', `${bytes - 28}`],
      cluster.podAddress(2),
    ]).stdout
  const fits = Number(/mtu ?= ?(\d+)/.exec(send(1500))?.[1])
  assert.ok(fits > 1400 && fits < 1500, `${fits}`)
  assert.match(send(fits), / [12] received/)
})

test('the network’s routes are the only ones', () => {
  for (const id of nodes) {
    const via = cluster.route(id, (route) => route.routes().flatMap((each) => each.via ?? []))
    assert.deepEqual(via, ['192.168.0.254'])
  }
})

test('a node that is looked at first can encrypt, and says by which device it is reached', () => {
  const survey = fileURLToPath(new URL('../agent/kubernetes/survey.ts', import.meta.url))
  const look = (address: string): Survey => {
    const argv = [process.execPath, survey, '--suite=aes-gcm-128', `--address=${address}`]
    const { stdout } = cluster.run('n1', argv)
    return JSON.parse(stdout)
  }
  assert.deepEqual(look(cluster.underlay(1)), { wire: 'eth0' })
  assert.deepEqual(look(cluster.underlay(2)), {})
  assert.equal(
    cluster.xfrm(1, (xfrm) => xfrm.states().length),
    2,
  )
})
