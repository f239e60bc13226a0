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
const said = (nodes: readonly { name: string; podCidrs: readonly string[] }[]) =>
  nodes.map(({ name, podCidrs }) => `${name}: ${podCidrs.join(' ')}`)

function claims(...ids: number[]): PodClaims {
  const all = new PodClaims()
  for (const id of ids) all.putNode(node(id))
  all.setPods([])
  return all
}

test('a node has what its pods have, whatever range it is said to have', () => {
  const all = claims()
  assert.deepEqual(said(all.putNode(node(1))), ['n1: '])
  assert.deepEqual(said(all.putPod(pod('b', 'n1', '10.90.16.9', 'fd00::9'))), [
    'n1: 10.90.16.9/32 fd00::9/128',
  ])
  assert.deepEqual(said(all.putPod(pod('a', 'n1', '10.90.16.11'))), [
    'n1: 10.90.16.11/32 10.90.16.9/32 fd00::9/128',
  ])
  assert.deepEqual(said(all.removePod('b')), ['n1: 10.90.16.11/32'])
})

test('a pod may be known before its node', () => {
  const all = claims()
  assert.deepEqual(all.putPod(pod('a', 'n1', '10.90.16.9')), [])
  assert.deepEqual(said(all.putNode(node(1))), ['n1: 10.90.16.9/32'])
})

test('before all pods are listed nobody is said to have none', () => {
  const all = new PodClaims()
  assert.deepEqual(all.putNode(node(1)), [])
  assert.deepEqual(all.putPod(pod('a', 'n1', '10.90.16.9')), [])
  assert.deepEqual(said(all.setPods([pod('b', 'n1', '10.90.16.10')])), ['n1: 10.90.16.10/32'])
})

test('nobody is told twice, and a pod that has moved has left', () => {
  const all = claims(1, 2)
  all.putPod(pod('a', 'n1', '10.90.16.9'))
  assert.deepEqual(all.putPod(pod('a', 'n1', '10.90.16.9')), [])
  assert.deepEqual(said(all.putPod(pod('a', 'n2', '10.90.16.9'))), ['n1: ', 'n2: 10.90.16.9/32'])
  assert.deepEqual(all.removePod('nobody'), [])
})

test('an address that two pods of a node have, one of them on its way out, is one', () => {
  const all = claims(1)
  all.putPod(pod('old', 'n1', '10.90.16.9'))
  assert.deepEqual(said(all.putPod(pod('new', 'n1', '10.90.16.9'))), ['n1: 10.90.16.9/32'])
  assert.deepEqual(said(all.removePod('old')), ['n1: 10.90.16.9/32'])
})

test('what is not listed any more is gone', () => {
  const all = claims(1, 2)
  all.putPod(pod('a', 'n1', '10.90.16.9'))
  const b = pod('b', 'n2', '10.90.16.10')
  all.putPod(b)
  assert.deepEqual(said(all.setPods([b])), ['n1: ', 'n2: 10.90.16.10/32'])
  all.removeNode('n2')
  assert.deepEqual(said(all.setPods([])), ['n1: '])
})
