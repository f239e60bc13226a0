import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabNode, LabPod } from '../../lab/lab.ts'
import type { Workload } from '../workload/traffic.ts'
import { Guests } from './guests.ts'

/** A lab that grows and shrinks on paper, as slowly as it is told to. */
function scene() {
  const log: string[] = []
  const nodes: LabNode[] = []
  const pods: LabPod[] = []
  let slow: Promise<void> | undefined
  const lab = {
    nodes: async () => nodes,
    pods: async () => pods,
    settled: async () => {},
    addNode: async ({ name }: { name: string }, podCidrs = ['10.0.9.0/24']) => {
      await slow
      const node = { name, id: 9, underlay: '192.168.0.9', podCidrs }
      nodes.push(node)
      log.push(`add ${name}`)
      return node
    },
    addPod: async ({ name, node }: { name: string; node: string }) => {
      const pod = { name, node, addresses: ['10.0.9.2'], labels: {} }
      pods.push(pod)
      log.push(`add ${name}`)
      return pod
    },
    removePod: async (name: string) => void log.push(`remove ${name}`),
    removeNode: async (name: string) => {
      nodes.splice(
        nodes.findIndex((node) => node.name === name),
        1,
      )
      log.push(`remove ${name}`)
    },
  }
  const workload = {
    join: async ({ name }: LabPod) => void log.push(`start ${name}`),
    leave: async (name: string) => void log.push(`stop ${name}`),
  } as Partial<Workload> as Workload
  const interrupt = new AbortController()
  const hosts = {
    ...{ lab, workload, arm: 'churn', everyMs: 100 },
    mark: () => {},
    look: async () => void log.push('look'),
  }
  const slowDown = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    slow = promise
    return resolve
  }
  return { guests: new Guests(hosts, interrupt.signal), log, nodes, interrupt, slowDown }
}

test('who leaves has fallen silent and has been read before it goes, and it is told from when until when it was there', async () => {
  const { guests, log } = scene()
  assert.equal(guests.facts(), undefined)
  await guests.addNode('j1', ['10.0.7.0/24'])
  await guests.addPods(['j1a'], 'j1')
  await guests.removeNode('j1')
  assert.deepEqual(log, [
    ...['add j1', 'add j1a', 'start j1a'],
    ...['stop j1a', 'look', 'remove j1a', 'look', 'remove j1', 'look'],
  ])
  const { nodes, pods } = guests.facts()!
  for (const { from, ready, leaving, until } of [...nodes, ...pods]) {
    const times = [from, ready, leaving, until].map(BigInt)
    assert.deepEqual(
      times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
      times,
    )
  }
  assert.deepEqual(nodes[0]!.podCidrs, ['10.0.7.0/24'])
  assert.deepEqual([pods[0]!.name, pods[0]!.node], ['j1a', 'j1'])
})

test('who is there when the demo ends is sent away, and who has left is not', async () => {
  const { guests, log, nodes } = scene()
  await guests.addNode('j1')
  await guests.removeNode('j1')
  await guests.addNode('j2')
  log.length = 0
  await guests.sendAway()
  assert.deepEqual([log, nodes], [['remove j2'], []])
})

test('who is about to join when the demo is interrupted joins and is sent away, and nobody else joins', async () => {
  const { guests, log, nodes, interrupt, slowDown } = scene()
  const goOn = slowDown()
  const joining = guests.addNode('j1')
  interrupt.abort()
  const sentAway = guests.sendAway()
  goOn()
  await Promise.all([joining, sentAway])
  assert.deepEqual([log, nodes], [['add j1', 'remove j1'], []])
  await assert.rejects(guests.addNode('j2'), { name: 'AbortError' })
})
