import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../writer.ts'
import * as iproute2 from './iproute2.vectors.ts'
import { readPolicy, writePolicy, writePolicyId, type XfrmPolicy } from './policy.ts'

const out: XfrmPolicy = {
  direction: 'out',
  source: '10.0.0.0/24',
  destination: '10.0.1.0/24',
  priority: 5,
  action: 'allow',
  mark: { value: 0xe00, mask: 0xffff0f00 },
  template: { source: '192.0.2.1', destination: '192.0.2.2', reqid: 1, mode: 'tunnel' },
}
const forwardIPv6: XfrmPolicy = {
  direction: 'fwd',
  source: 'fd00:1::/64',
  destination: 'fd00:2::/64',
  priority: 7,
  action: 'allow',
  template: {
    source: '2001:db8::1',
    destination: '2001:db8::2',
    spi: 0x1234,
    reqid: 9,
    mode: 'transport',
    optional: true,
  },
}
const block: XfrmPolicy = {
  direction: 'in',
  source: '0.0.0.0/0',
  destination: '10.0.1.7/32',
  priority: 100,
  action: 'block',
}

const cases = [
  ['a marked tunnel policy', out, iproute2.policyOut],
  ['an optional IPv6 transport policy', forwardIPv6, iproute2.policyForwardIPv6],
  ['a blocking policy', block, iproute2.policyInBlock],
] as const

for (const [name, policy, expected] of cases) {
  test(`${name} is written byte for byte as iproute2 writes it`, () => {
    const writer = new Writer()
    writePolicy(writer, policy)
    assert.equal(writer.bytes.toString('hex'), expected.toString('hex'))
  })

  test(`${name} is read back as it was given`, () => {
    assert.deepEqual(readPolicy({ type: 0x13, flags: 0, sequence: 1, port: 0, payload: expected }), policy)
  })
}

test('the name of a policy is written byte for byte as iproute2 writes it', () => {
  const writer = new Writer()
  writePolicyId(writer, out)
  assert.equal(writer.bytes.toString('hex'), iproute2.policyDelete.toString('hex'))
})

test("a policy's bytes differ where its priority differs", () => {
  const writer = new Writer()
  writePolicy(writer, { ...out, priority: 6 })
  assert.notEqual(writer.bytes.toString('hex'), iproute2.policyOut.toString('hex'))
})

test('a selector of two address families is refused before anything is sent', () => {
  assert.throws(() => writePolicy(new Writer(), { ...out, destination: 'fd00::/64' }), {
    name: 'TypeError',
    message: 'a selector needs two prefixes of one address family, not 10.0.0.0/24 and fd00::/64',
  })
})

test('the policy of a socket is left out of what is listed', () => {
  const payload = Buffer.from(iproute2.policyOut)
  payload.writeUInt8(3, 160)
  assert.equal(readPolicy({ type: 0x13, flags: 0, sequence: 1, port: 0, payload }), undefined)
})
