import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nobody } from '../kernel/datapath-layout.ts'
import { Ipcache } from './ipcache.ts'

const n1 = { name: 'n1', underlay: '192.168.0.1', podCidrs: ['10.0.1.0/24', 'fd00:1::/64'] }
const n2 = { name: 'n2', underlay: '192.168.0.2', podCidrs: ['10.0.2.0/24'] }
const pod = (name: string, node: string, ...addresses: string[]) => ({
  name,
  node,
  addresses,
  labels: { app: name },
})

const prefixesOf = (ipcache: Ipcache) => Array.from(ipcache.changes().set, ([prefix]) => prefix)

test('what is protected: the range of all pods, every node’s prefixes, every pod; nodes are known', () => {
  const ipcache = new Ipcache()
  ipcache.setRanges(['10.0.0.0/8'])
  ipcache.setNode(n1, 7)
  ipcache.setPod(pod('a', 'n1', '10.0.1.2', 'fd00:1::2'))
  const entries = [...ipcache.changes().set].map(([prefix, { node, isProtected }]) => [
    prefix,
    node,
    isProtected,
  ])
  assert.deepEqual(entries, [
    ['10.0.0.0/8', nobody, true],
    ['10.0.1.0/24', 7, true],
    ['fd00:1::/64', 7, true],
    ['192.168.0.1/32', 7, false],
    ['10.0.1.2/32', 7, true],
    ['fd00:1::2/128', 7, true],
  ])
  assert.ok(ipcache.get('10.0.1.2/32')!.identity > 0)
  assert.equal(ipcache.podAt('fd00:1::2'), 'a')
})

test('changes stay changes until they are settled, and what comes back to what it was is written once more, not lost', () => {
  const ipcache = new Ipcache()
  ipcache.setNode(n1, 7)
  assert.equal(prefixesOf(ipcache).length, 3)
  assert.equal(prefixesOf(ipcache).length, 3)
  ipcache.settle()
  assert.equal(prefixesOf(ipcache).length, 0)
  ipcache.setNode(n1, 7)
  assert.equal(prefixesOf(ipcache).length, 0)
  ipcache.removeNode(n1)
  assert.deepEqual(ipcache.changes().remove, [...n1.podCidrs, '192.168.0.1/32'])
})

test('a pod whose node is not known yet is placed when it comes, and gone when it goes', () => {
  const ipcache = new Ipcache()
  ipcache.setPod(pod('a', 'n1', '10.0.1.2'))
  assert.equal(ipcache.get('10.0.1.2/32'), undefined)
  ipcache.setNode(n1, 7)
  assert.equal(ipcache.get('10.0.1.2/32')!.node, 7)
  ipcache.setNode(n1, 8)
  assert.equal(ipcache.get('10.0.1.2/32')!.node, 8)
  ipcache.removeNode(n1)
  assert.equal(ipcache.get('10.0.1.2/32'), undefined)
})

test('an address is its first pod’s until that one has gone', () => {
  const ipcache = new Ipcache()
  ipcache.setNode(n1, 7)
  ipcache.setNode(n2, 8)
  ipcache.setPod(pod('a', 'n1', '10.0.1.2'))
  ipcache.setPod(pod('b', 'n2', '10.0.1.2'))
  assert.deepEqual(ipcache.problems(), ['pod b claims 10.0.1.2/32, which pod a has'])
  assert.equal(ipcache.get('10.0.1.2/32')!.node, 7)
  ipcache.settle()
  ipcache.removePod('a')
  ipcache.settleConflicts()
  assert.deepEqual(ipcache.problems(), [])
  assert.equal(ipcache.podAt('10.0.1.2'), 'b')
  assert.deepEqual(prefixesOf(ipcache), ['10.0.1.2/32'])
})

test('a pod is known at its address also where that is all of its node’s prefix, but not where the node itself is', () => {
  const ipcache = new Ipcache()
  ipcache.setRanges(['10.0.3.1/32'])
  ipcache.setNode({ name: 'n3', underlay: '192.168.0.3', podCidrs: ['10.0.3.1/32'] }, 9)
  ipcache.setPod(pod('c', 'n3', '10.0.3.1'))
  assert.ok(ipcache.get('10.0.3.1/32')!.identity > 0)
  ipcache.setPod(pod('d', 'n3', '192.168.0.3'))
  assert.deepEqual(ipcache.get('192.168.0.3/32'), { identity: 0, node: 9, isProtected: false })
})

test('a range that is a node’s prefix as well is the node’s while it is there', () => {
  const ipcache = new Ipcache()
  ipcache.setRanges(['10.0.2.0/24'])
  ipcache.setNode(n2, 8)
  assert.equal(ipcache.get('10.0.2.0/24')!.node, 8)
  ipcache.setRanges([])
  assert.equal(ipcache.get('10.0.2.0/24')!.node, 8)
  ipcache.setRanges(['10.0.2.0/24'])
  ipcache.removeNode(n2)
  assert.deepEqual(ipcache.get('10.0.2.0/24'), { identity: 0, node: nobody, isProtected: true })
})

test('pods that no policy covers are out of scope; prefixes and ranges, where unknown pods may be, never are', () => {
  const ipcache = new Ipcache()
  ipcache.setRanges(['10.0.0.0/8'])
  ipcache.setNode(n1, 7)
  ipcache.setPod(pod('a', 'n1', '10.0.1.2'))
  ipcache.setPod(pod('b', 'n1', '10.0.1.3'))
  ipcache.settle()
  ipcache.setScope({ hasPod: ({ name }) => name === 'a' })
  assert.deepEqual(prefixesOf(ipcache), ['10.0.1.3/32'])
  ipcache.setPod(pod('c', 'n1', '10.0.1.4'))
  const outside = [...ipcache.changes().set].filter(([, { isOutOfScope }]) => isOutOfScope)
  assert.deepEqual(
    outside.map(([prefix]) => prefix),
    ['10.0.1.3/32', '10.0.1.4/32'],
  )
  ipcache.settle()
  ipcache.setScope({ hasPod: () => true })
  assert.deepEqual(prefixesOf(ipcache), ['10.0.1.3/32', '10.0.1.4/32'])
})
