import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmPolicy } from '@wireproof/netlink'
import { askedMark, decryptedMark, encryptMark, unsettledMark } from './marks.ts'
import { nodeTrafficPolicies } from './node-traffic.ts'
import { isOwnPolicy, reqidOf } from './ownership.ts'

const spi = 0x3000_1234
const endsOf = (underlays: readonly [string, string]) => ({
  self: { name: 'n1', underlay: underlays[0], podCidrs: ['10.0.1.0/24', 'fd57:1::/64'] },
  node: { name: 'n2', underlay: underlays[1], podCidrs: ['10.0.2.0/24', 'fd57:2::/64'] },
  number: 2,
  reqid: reqidOf(2),
  outboundSpi: spi,
})
const ends = endsOf(['192.168.0.1', '192.168.0.2'])
const [own, theirs] = ['192.168.0.1/32', '192.168.0.2/32']
const both = { self: true, peer: true, encrypts: true }

const told = (policies: readonly XfrmPolicy[]) =>
  policies.map(({ direction, source, destination }) => `${direction} ${source} ${destination}`).sort()
const arriving = (source: string, destination: string) => [
  `fwd ${source} ${destination}`,
  `in ${source} ${destination}`,
]

test('out of scope there is nothing', () => {
  assert.deepEqual(nodeTrafficPolicies(ends, { self: false, peer: false, encrypts: true }, true), [])
})

test('in scope both send each other and to pods encrypted, and hear only what the other’s association has decrypted', () => {
  const policies = nodeTrafficPolicies(ends, both, true)
  assert.deepEqual(
    told(policies),
    [
      ...arriving(theirs, own),
      ...arriving('10.0.2.0/24', own),
      ...arriving(theirs, '10.0.1.0/24'),
      `out 0.0.0.0/0 ${theirs}`,
      `out 0.0.0.0/0 ${theirs}`,
      `out ${own} ${theirs}`,
      `out ${own} ${theirs}`,
      `out ${own} 10.0.2.0/24`,
    ].sort(),
  )
  const marks: unknown[] = []
  for (const { direction, mark, source, template, protocol } of policies) {
    if (direction !== 'out') assert.deepEqual(mark, decryptedMark(2))
    else if (source !== own) marks.push(mark)
    else if (template!.optional) assert.deepEqual([mark, protocol], [askedMark(spi), 6])
    else assert.deepEqual([mark, template!.spi], [undefined, spi])
  }
  assert.deepEqual(marks, [encryptMark, unsettledMark])
})

test('one that is alone in scope encrypts to and from pods only', () => {
  assert.deepEqual(
    told(nodeTrafficPolicies(ends, { ...both, peer: false }, true)),
    [...arriving('10.0.2.0/24', own), `out ${own} 10.0.2.0/24`].sort(),
  )
  assert.deepEqual(
    told(nodeTrafficPolicies(ends, { ...both, self: false }, true)),
    [...arriving(theirs, '10.0.1.0/24'), `out 0.0.0.0/0 ${theirs}`, `out 0.0.0.0/0 ${theirs}`].sort(),
  )
})

test('without keys, and with encryption off, nothing of the node’s own is caught: the datapath decides about it', () => {
  for (const policies of [
    nodeTrafficPolicies(ends, both, false),
    nodeTrafficPolicies(ends, { ...both, encrypts: false }, true),
  ])
    assert.ok(
      policies.length > 0 && policies.every(({ source, direction }) => direction !== 'out' || source !== own),
    )
})

test('over IPv6 what finds a neighbour stays in clear, and wins over what encrypts', () => {
  const policies = nodeTrafficPolicies(endsOf(['fdff::1', 'fdff::2']), both, true)
  const clear = policies.filter(({ template }) => template!.optional)
  assert.deepEqual(
    clear.map(({ protocol, sourcePort }) => [protocol, sourcePort]),
    [
      [6, undefined],
      [58, 135],
      [58, 136],
    ],
  )
  const sealing = policies.find(
    ({ source, destination, template }) =>
      source === 'fdff::1/128' && destination === 'fdff::2/128' && !template!.optional,
  )!
  for (const { priority } of clear) assert.ok(priority < sealing.priority)
})

test('all of them are known again by whoever takes over', () => {
  for (const each of [ends, endsOf(['fdff::1', 'fdff::2'])])
    for (const policy of nodeTrafficPolicies(each, both, true))
      assert.ok(isOwnPolicy(policy), told([policy])[0])
})
