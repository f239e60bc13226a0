import assert from 'node:assert/strict'
import test from 'node:test'
import { parseTopology, readTopology } from '../../lab/topology-file.ts'
import { podsPerNodeLimit, topologyOf } from './topology.ts'

test('three nodes with two pods are the topology that the lab has by default', () => {
  assert.deepEqual(topologyOf(3, 2), readTopology())
})

test('a node more leaves the others as they are', () => {
  const [three, four] = [topologyOf(3, 2), topologyOf(4, 2)]
  assert.deepEqual(four.nodes.slice(0, 3), three.nodes)
  assert.deepEqual(four.pods?.slice(0, 6), three.pods)
  assert.deepEqual(
    four.pods?.slice(6).map(({ name, node }) => `${name} on ${node}`),
    ['d1 on n4', 'd2 on n4'],
  )
})

test('the largest topology that can be asked for is valid: every name is there once', () => {
  parseTopology(JSON.stringify(topologyOf(250, podsPerNodeLimit)), 'generated')
})

test('nodes without pods are a topology too', () => {
  assert.deepEqual(topologyOf(1, 0), { nodes: [{ name: 'n1' }], pods: [] })
})
