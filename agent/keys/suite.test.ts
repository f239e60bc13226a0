import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  algorithmsOf,
  encryptionOverhead,
  isWornOut,
  keyBytes,
  type Suite,
  suiteNames,
  suiteOf,
  suites,
} from './suite.ts'

const all = suiteNames.map((name) => suites[name])
const keyOf = (suite: Suite) => Buffer.from(Array.from({ length: keyBytes(suite) }, (_, at) => at))

/** By how much tunnel mode makes a packet longer, from the format of RFC 4303 section 2. */
function growth(suite: Suite, outer: number, inner: number): number {
  const encrypted = Math.ceil((inner + 2) / suite.blockBytes) * suite.blockBytes
  return outer + 8 + suite.ivBytes + encrypted + suite.icvBits / 8 - inner
}

test('every suite is recognised by what the kernel is told of it, and by nothing else', () => {
  for (const suite of all) {
    assert.equal(suiteOf(algorithmsOf(suite, keyOf(suite))), suite)
    const others = all.filter((other) => other !== suite)
    for (const other of others) assert.notEqual(suiteOf(algorithmsOf(other, keyOf(other))), suite)
  }
  const { aead } = algorithmsOf(suites['aes-gcm-128'], keyOf(suites['aes-gcm-128']))
  assert.equal(suiteOf({ aead: { ...aead!, icvBits: 96 } }), undefined)
})

test('the key is divided between cipher and authentication without a byte in common', () => {
  const suite = suites['aes-cbc-hmac-sha256']
  const { encryption, authentication } = algorithmsOf(suite, keyOf(suite))
  assert.deepEqual([...encryption!.key, ...authentication!.key], [...keyOf(suite)])
  assert.deepEqual([encryption!.key.length, authentication!.key.length], [16, 32])
})

test('a key of another length is refused', () => {
  for (const suite of all)
    assert.throws(() => algorithmsOf(suite, Buffer.alloc(keyBytes(suite) - 1)), TypeError)
})

test('the overhead is that of the worst length of packet, and no byte more', () => {
  for (const suite of all)
    for (const [family, header] of [
      ['ipv4', 20],
      ['ipv6', 40],
    ] as const) {
      const overheads = Array.from({ length: 9000 }, (_, inner) => growth(suite, header, inner + 20))
      assert.equal(encryptionOverhead(suite, family), Math.max(...overheads), `${suite.name} over ${family}`)
    }
})

test('a key is worn out beyond the packets and beyond the bytes of its suite', () => {
  for (const suite of all) {
    const { packets, bytes } = suite.limit
    assert.equal(isWornOut(suite, { packets, bytes: 0 }), false)
    assert.equal(isWornOut(suite, { packets: packets + 1, bytes: 0 }), true)
    if (Number.isFinite(bytes)) assert.equal(isWornOut(suite, { packets: 0, bytes: bytes + 1 }), true)
    assert.ok(packets < 2 ** 63, 'half of the extended sequence numbers are left (RFC 4303 section 3.3.3)')
  }
})

test('blocks under one key stay where a collision is less likely than 2^-32', () => {
  for (const suite of all.filter(({ cipher }) => cipher.includes('aes'))) {
    const blocks = suite.limit.bytes / 16 + suite.limit.packets + 1
    assert.ok(2 * Math.log2(blocks) - 129 < -32)
  }
})
