import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openObject } from '@wireproof/libbpf'
import { AgentCluster } from './agent-cluster.ts'

const files = ['datapath.o', 'datapath.next.o'].map((name) =>
  fileURLToPath(new URL(`../bpf/${name}`, import.meta.url)),
) as [string, string]

let cluster: AgentCluster
before(async () => {
  cluster = new AgentCluster('upgrade')
  for (const id of [1, 2]) cluster.addNode(id)
  await Promise.all([1, 2].map((id) => cluster.startAgent(id)))
  for (const id of [1, 2]) await cluster.addPod(id)
  await cluster.settled(1, 2)
})
after(() => cluster?.close())

test('the next version keeps its maps in another layout', () => {
  const [now, next] = files.map((file) => openObject(file).load().map('flows').valueSize)
  assert.ok(now! > 0 && next! > now!, `${now} and ${next} bytes`)
})

test('an agent is replaced by its next version under traffic, and back, and no packet is lost or in clear', async () => {
  const program = () => cluster.run('n1', ['tc', 'filter', 'show', 'dev', 'eth0', 'egress']).stdout
  const pings = cluster.ping(1, 2, 200)
  const frames = await cluster.onWire(async () => {
    for (const flags of [['--datapath', files[1]], []]) {
      await delay(100)
      const replaced = program()
      await cluster.killAgent(1)
      await cluster.startAgent(1, flags)
      await cluster.settled(1, 2)
      assert.notEqual(program(), replaced)
    }
    assert.deepEqual(await pings, { sent: 200, received: 200 })
  })
  assert.ok(frames.length > 0)
  assert.deepEqual(
    frames.filter((frame) => !frame.includes('ESP')),
    [],
  )
})

test('an agent whose programs are not there says so, and what was in force stays', async () => {
  await cluster.killAgent(1)
  await assert.rejects(cluster.startAgent(1, ['--datapath', '/nowhere.o']), /\/nowhere\.o has not been built/)
  assert.deepEqual(await cluster.ping(1, 2, 5), { sent: 5, received: 5 })
})
