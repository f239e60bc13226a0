import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterKey, parseClusterKey } from './cluster-key.ts'
import { type Endpoint, PairKeys, pairKey } from './pair-key.ts'

const cluster = parseClusterKey('3+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128')
const a: Endpoint = { underlay: '192.168.0.1', incarnation: '11'.repeat(16) }
const b: Endpoint = { underlay: '192.168.0.2', incarnation: '22'.repeat(16) }

const hex = (key: ClusterKey, from: Endpoint, to: Endpoint) => pairKey(key, from, to, 0).key.toString('hex')

test('the derivation is HKDF-SHA256 over label, addresses, incarnations and attempt', () => {
  const pair = pairKey(cluster, a, b, 0)
  assert.equal(pair.key.toString('hex'), '4849f9c542862a63fb7d5f664a1822871333c7a8')
  assert.equal(pair.spi.toString(16), '3677e9fc')
  assert.equal(pair.fingerprint, 'd21cccc2a9964618')
})

test('the key of A towards B is the key by which B hears A, and no other', () => {
  assert.equal(hex(cluster, a, b), hex(cluster, { ...a }, { ...b }))
  assert.notEqual(hex(cluster, a, b), hex(cluster, b, a))
})

test('another pair, another life of either end, and another key id give another key', () => {
  const changes: [ClusterKey, Endpoint, Endpoint][] = [
    [cluster, a, { ...b, underlay: '192.168.0.3' }],
    [cluster, { ...a, underlay: '192.168.0.3' }, b],
    [cluster, { ...a, incarnation: '33'.repeat(16) }, b],
    [cluster, a, { ...b, incarnation: '33'.repeat(16) }],
    [{ ...cluster, id: 4 }, a, b],
    [{ ...cluster, material: Buffer.alloc(20) }, a, b],
  ]
  const keys = [hex(cluster, a, b), ...changes.map(([key, from, to]) => hex(key, from, to))]
  assert.equal(new Set(keys).size, keys.length)
  const fingerprints = changes.map(([key, from, to]) => pairKey(key, from, to, 0).fingerprint)
  assert.equal(new Set([...fingerprints, pairKey(cluster, a, b, 0).fingerprint]).size, keys.length)
})

test('the fingerprint shares nothing with the key', () => {
  const { key, fingerprint } = pairKey(cluster, a, b, 0)
  assert.ok(!key.toString('hex').includes(fingerprint.slice(0, 8)))
})

test('the SPI tells the key id, is a valid SPI, and changes with the incarnation', () => {
  const { spi } = pairKey(cluster, a, b, 0)
  assert.equal(spi >>> 28, 3)
  assert.ok(pairKey({ ...cluster, id: 1 }, a, b, 0).spi > 255)
  assert.notEqual(spi, pairKey(cluster, { ...a, incarnation: '33'.repeat(16) }, b, 0).spi)
})

test('another attempt is another SPI, and another key', () => {
  const [first, second] = [pairKey(cluster, a, b, 0), pairKey(cluster, a, b, 1)]
  assert.notEqual(first.spi, second.spi)
  assert.notEqual(first.fingerprint, second.fingerprint)
  assert.ok(!first.key.equals(second.key))
})

test('both ends may be IPv6', () => {
  const six = { ...a, underlay: 'fd00::1' }
  assert.notEqual(hex(cluster, six, b), hex(cluster, a, b))
  assert.equal(hex(cluster, { ...a, underlay: '::ffff:192.168.0.1' }, b), hex(cluster, a, b))
})

test('an incarnation of the wrong length is refused', () => {
  assert.throws(() => pairKey(cluster, { ...a, incarnation: '11' }, b, 0), /128 bits/)
})

test('remembered keys are forgotten with the cluster key they came from', () => {
  const keys = new PairKeys()
  assert.equal(keys.get(cluster, a, b, 0), keys.get(cluster, a, b, 0))
  const other = { ...cluster, material: Buffer.alloc(20) }
  assert.deepEqual(keys.get(other, a, b, 0), pairKey(other, a, b, 0))
})
