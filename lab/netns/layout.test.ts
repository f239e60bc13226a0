import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIpv6, parseAddress } from 'tcpdump-parse'
import {
  firstFree,
  hostOf,
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

for (const families of [['ipv4'], ['ipv6'], ['ipv4', 'ipv6']] as const)
  test(`addresses of ${families.join(' and ')} follow from the node id and never repeat`, () => {
    const seen = new Set<string>()
    for (let id = 1; id <= 600; id++) {
      const node = placeNode({ name: 'n' }, id, families)
      const pod = placePod({ name: 'p', node: 'n' }, node, 254)
      for (const each of [node.underlay, mac('node', node.underlay), ...node.podCidrs, ...pod.addresses])
        seen.add(each)
      seen.add(mac('pod', pod.addresses[0]!))
      assert.equal(hostOf(pod), 254)
    }
    assert.equal(seen.size, 600 * (3 + 2 * families.length))
  })

test('addresses are where they have always been, and as they are spelled everywhere', () => {
  const both = placeNode({ name: 'n' }, 258, ['ipv4', 'ipv6'])
  assert.equal(both.underlay, 'fd56::102')
  assert.deepEqual(both.podCidrs, ['10.1.2.0/24', 'fd57:102::/64'])
  assert.deepEqual(placePod({ name: 'p', node: 'n' }, both, 7).addresses, ['10.1.2.7', 'fd57:102::7'])
  assert.equal(placeNode({ name: 'n' }, 258, ['ipv4']).underlay, '192.168.1.2')
  for (const address of [both.underlay, 'fd57:102::7'])
    assert.equal(formatIpv6(parseAddress(address)), address)
})

test('a node has the labels of the topology, and none where it says nothing', () => {
  const labels = { role: 'database' }
  assert.deepEqual(placeNode({ name: 'n', labels }, 1, ['ipv4']).labels, labels)
  assert.ok(!('labels' in placeNode({ name: 'n' }, 1, ['ipv4'])))
})

test('numbers are reused only when they are free', () => {
  assert.equal(firstFree([1, 2, 4], 1), 3)
  assert.equal(firstFree([], 2), 2)
})

test('a MAC address shows what it belongs to', () => {
  assert.equal(mac('node', '192.168.0.1'), '02:57:c0:a8:00:01')
  assert.equal(mac('node', 'fd56::102'), '02:57:00:00:01:02')
  assert.equal(mac('pod', 'fd57:102::fe'), '02:50:01:02:00:fe')
})
