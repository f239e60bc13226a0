import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  firstFree,
  labOfNamespace,
  mac,
  nodeNamespace,
  placeNode,
  placePod,
  wireNamespace,
} from './layout.ts'

test('a namespace name leads back to its lab, and foreign names to none', () => {
  assert.equal(labOfNamespace(wireNamespace('stage')), 'stage')
  assert.equal(labOfNamespace(nodeNamespace('stage-2', 'n1')), 'stage-2')
  assert.equal(labOfNamespace('cni-1234'), undefined)
  assert.equal(labOfNamespace('wireproof.'), undefined)
})

test('addresses follow from the node id and never repeat', () => {
  const seen = new Set<string>()
  for (let id = 1; id <= 600; id++) {
    const node = placeNode({ name: 'n' }, id)
    seen.add(node.underlay).add(node.podCidr)
  }
  assert.equal(seen.size, 1200)
  const node = placeNode({ name: 'n' }, 258)
  assert.deepEqual([node.underlay, node.podCidr], ['192.168.1.2', '10.1.2.0/24'])
  assert.equal(placePod({ name: 'p', node: 'n' }, node, 7).address, '10.1.2.7')
})

test('numbers are reused only when they are free', () => {
  assert.equal(firstFree([1, 2, 4], 1), 3)
  assert.equal(firstFree([], 2), 2)
})

test('a MAC address shows what it belongs to', () => {
  assert.equal(mac('node', '192.168.0.1'), '02:57:c0:a8:00:01')
})
