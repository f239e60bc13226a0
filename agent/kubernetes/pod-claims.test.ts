import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodClaims } from './pod-claims.ts'

const node = (id: number) => ({ name: `n${id}`, underlay: `10.90.16.${id}`, podCidrs: ['10.244.1.0/24'] })
const pod = (name: string, on: string, ...addresses: string[]) => ({
  name,
  node: on,
  addresses,
  labels: {},
})
const claims = (nodes: readonly { name: string; podCidrs: readonly string[] }[]) =>
  nodes.map(({ name, podCidrs }) => `${name}: ${podCidrs.join(' ')}`)

test('a node has what its pods have, whatever range it is said to have', () => {
  const all = new PodClaims()
  assert.deepEqual(claims([all.putNode(node(1))]), ['n1: '])
  assert.deepEqual(claims(all.putPod(pod('b', 'n1', '10.90.16.9', 'fd00::9'))), [
    'n1: 10.90.16.9/32 fd00::9/128',
  ])
  assert.deepEqual(claims(all.putPod(pod('a', 'n1', '10.90.16.11'))), [
    'n1: 10.90.16.11/32 10.90.16.9/32 fd00::9/128',
  ])
  assert.deepEqual(claims(all.removePod('b')), ['n1: 10.90.16.11/32'])
})

test('a pod may be known before its node', () => {
  const all = new PodClaims()
  assert.deepEqual(all.putPod(pod('a', 'n1', '10.90.16.9')), [])
  assert.deepEqual(claims([all.putNode(node(1))]), ['n1: 10.90.16.9/32'])
})

test('nobody is told twice, and a pod that has moved has left', () => {
  const all = new PodClaims()
  for (const id of [1, 2]) all.putNode(node(id))
  all.putPod(pod('a', 'n1', '10.90.16.9'))
  assert.deepEqual(all.putPod(pod('a', 'n1', '10.90.16.9')), [])
  assert.deepEqual(claims(all.putPod(pod('a', 'n2', '10.90.16.9'))), ['n1: ', 'n2: 10.90.16.9/32'])
  assert.deepEqual(all.removePod('nobody'), [])
})

test('an address that two pods of a node have, one of them on its way out, is one', () => {
  const all = new PodClaims()
  all.putNode(node(1))
  all.putPod(pod('old', 'n1', '10.90.16.9'))
  assert.deepEqual(claims(all.putPod(pod('new', 'n1', '10.90.16.9'))), ['n1: 10.90.16.9/32'])
  assert.deepEqual(claims(all.removePod('old')), ['n1: 10.90.16.9/32'])
})

test('what is not listed any more is gone', () => {
  const all = new PodClaims()
  for (const id of [1, 2]) all.putNode(node(id))
  all.putPod(pod('a', 'n1', '10.90.16.9'))
  all.putPod(pod('b', 'n2', '10.90.16.10'))
  assert.deepEqual(claims(all.keepOnly(new Set(['b']))), ['n1: '])
  all.removeNode('n2')
  assert.deepEqual(all.keepOnly(new Set()), [])
})
