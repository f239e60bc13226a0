import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmPolicy, XfrmStateOptions } from '@wireproof/netlink'
import { askedMark, decryptedMark, encryptMark, unsettledMark } from './marks.ts'
import { isOwnPolicy, isOwnState, reqidOf, trespassOfPolicy, trespassOfState } from './ownership.ts'

const isNode = (address: string) => address === '192.168.0.2'
const outbound: XfrmStateOptions = {
  source: '192.168.0.1',
  destination: '192.168.0.2',
  spi: 0x3000_0001,
  reqid: reqidOf(2),
  mode: 'tunnel',
  aead: { name: 'rfc4106(gcm(aes))', key: Buffer.alloc(20), icvBits: 128 },
  esn: true,
}
const inbound: XfrmStateOptions = { ...outbound, outputMark: decryptedMark(2) }
const policy: XfrmPolicy = {
  direction: 'out',
  source: '0.0.0.0/0',
  destination: '10.0.2.0/24',
  mark: encryptMark,
  priority: 1000,
  template: { source: '192.168.0.1', destination: '192.168.0.2', reqid: reqidOf(2), mode: 'tunnel' },
}

test('what the agent makes is its own, and in nobody’s way', () => {
  for (const state of [outbound, inbound]) {
    assert.ok(isOwnState(state, isNode))
    assert.equal(trespassOfState(state, isNode), undefined)
  }
  for (const mark of [encryptMark, unsettledMark, decryptedMark(2)]) {
    assert.ok(isOwnPolicy({ ...policy, mark }))
    assert.equal(trespassOfPolicy({ ...policy, mark }), undefined)
  }
})

test('so are policies for what the node sends itself, to which only what it was asked in clear has a mark', () => {
  const { mark: _, ...itself } = { ...policy, source: '192.168.0.1/32', destination: '192.168.0.2/32' }
  for (const own of [itself, { ...itself, mark: askedMark(0x3000_0001) }]) {
    assert.ok(isOwnPolicy(own))
    assert.equal(trespassOfPolicy(own), undefined)
  }
  for (const other of [
    { ...itself, source: '192.168.0.3/32' },
    { ...itself, direction: 'in' as const },
    { ...itself, mark: { value: 1, mask: 0xf } },
  ])
    assert.ok(!isOwnPolicy(other))
})

test('an association to a node of the cluster is its own also after somebody has changed it', () => {
  const changed = { ...outbound, esn: false }
  assert.ok(isOwnState(changed, isNode))
  assert.ok(!isOwnState(changed, () => false))
})

const strangers: [string, Partial<XfrmStateOptions>][] = [
  ['in transport mode', { mode: 'transport' }],
  ['of another algorithm', { aead: { name: 'rfc4309(ccm(aes))', key: Buffer.alloc(19), icvBits: 128 } }],
  ['with another mark', { outputMark: { value: 1, mask: 0xf } }],
  ['with the mark of another peer', { outputMark: decryptedMark(3) }],
  ['without 64-bit numbers, to somewhere else', { esn: false, destination: '192.0.2.2' }],
]
for (const [what, change] of strangers)
  test(`an association of our reqids ${what} is somebody else’s, and told of in a sentence`, () => {
    const state = { ...outbound, ...change } as XfrmStateOptions
    assert.ok(!isOwnState(state, isNode))
    assert.match(
      trespassOfState(state, isNode)!,
      /^an SA to \S+ with SPI 0x30000001 has reqid 0x57000002, of the range of this agent, .*left alone$/,
    )
    assert.equal(
      trespassOfState({ ...state, reqid: 7 }, isNode),
      undefined,
      'of other reqids it is nobody’s concern',
    )
  })

test('a policy of our reqids without our marks is somebody else’s', () => {
  const { mark: _, ...unmarked } = policy
  assert.ok(!isOwnPolicy(unmarked))
  assert.match(trespassOfPolicy(unmarked)!, /has reqid 0x57000002, of the range of this agent/)
})

test('somebody else’s policy for marks that our packets have is told of, one for other marks or all is not', () => {
  const foreign = (value?: number, mask = 0xffff_ffff): XfrmPolicy => {
    const { mark: _, ...unmarked } = { ...policy, template: { ...policy.template!, reqid: 7 } }
    return value === undefined ? unmarked : { ...unmarked, mark: { value, mask } }
  }
  for (const [value, mask] of [
    [0x0e00, 0x0f00],
    [0x0d05, 0xffff_ffff],
    [0x0c00, 0x0c00],
  ] as const)
    assert.match(trespassOfPolicy(foreign(value, mask))!, /which packets of this agent have/)
  for (const [value, mask] of [
    [42, 0xffff_ffff],
    [0x4000, 0x4000],
    [1, 0xff],
  ] as const)
    assert.equal(trespassOfPolicy(foreign(value, mask)), undefined)
  assert.equal(trespassOfPolicy(foreign()), undefined)
})
