import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterKey, parseClusterKey } from './cluster-key.ts'
import { type Endpoint, PairKeys, pairKey } from './pair-key.ts'

const cluster = parseClusterKey('3+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128')
const a: Endpoint = { id: 1, underlay: '192.168.0.1', incarnation: '11'.repeat(16) }
const b: Endpoint = { id: 2, underlay: '192.168.0.2', incarnation: '22'.repeat(16) }

const hex = (key: ClusterKey, from: Endpoint, to: Endpoint) => pairKey(key, from, to).key.toString('hex')

test('the derivation is HKDF-SHA256 over label, addresses and incarnations', () => {
  const pair = pairKey(cluster, a, b)
  assert.equal(pair.key.toString('hex'), '40c0b44a8fb2c9d3e6f5efe2ec862c9a78dc9861')
  assert.equal(pair.spi.toString(16), '32480001')
  assert.equal(pair.fingerprint, 'ebf6962cd1748a65')
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
  const fingerprints = changes.map(([key, from, to]) => pairKey(key, from, to).fingerprint)
  assert.equal(new Set([...fingerprints, pairKey(cluster, a, b).fingerprint]).size, keys.length)
})

test('the fingerprint shares nothing with the key', () => {
  const { key, fingerprint } = pairKey(cluster, a, b)
  assert.ok(!key.toString('hex').includes(fingerprint.slice(0, 8)))
})

test('the SPI tells key id and sender, is a valid SPI, and changes with the incarnation', () => {
  const { spi } = pairKey(cluster, a, b)
  assert.equal(spi >>> 28, 3)
  assert.equal(spi & 0xffff, 1)
  assert.ok(pairKey({ ...cluster, id: 15 }, { ...a, id: 65_535 }, b).spi > 255)
  assert.notEqual(spi, pairKey(cluster, { ...a, incarnation: '33'.repeat(16) }, b).spi)
})

test('an incarnation of the wrong length is refused', () => {
  assert.throws(() => pairKey(cluster, { ...a, incarnation: '11' }, b), /128 bits/)
})

test('remembered keys are forgotten with the cluster key they came from', () => {
  const keys = new PairKeys()
  assert.equal(keys.get(cluster, a, b), keys.get(cluster, a, b))
  const other = { ...cluster, material: Buffer.alloc(20) }
  assert.deepEqual(keys.get(other, a, b), pairKey(other, a, b))
})
