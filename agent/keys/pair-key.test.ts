import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterKey, parseClusterKey } from './cluster-key.ts'
import { type Endpoint, PairKeys, pairKey } from './pair-key.ts'
import { keyBytes, suiteNames, suites } from './suite.ts'

const cluster = parseClusterKey('3+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128')
const a: Endpoint = { id: 1, underlay: '192.168.0.1', incarnation: '11'.repeat(16) }
const b: Endpoint = { id: 2, underlay: '192.168.0.2', incarnation: '22'.repeat(16) }

const hex = (key: ClusterKey, from: Endpoint, to: Endpoint) => pairKey(key, from, to).key.toString('hex')

test('the derivation is HKDF-SHA256 over label, addresses, incarnations and suite', () => {
  const pair = pairKey(cluster, a, b)
  assert.equal(pair.key.toString('hex'), 'c5857e4cddbd109f36fd134a54041deebabd9b96')
  assert.equal(pair.spi.toString(16), '32480001')
  assert.equal(pair.fingerprint, 'cc21838b1abf0c41')
})

test('the derivation for two keys is one of their whole length', () => {
  const material = Buffer.from(Array.from({ length: 48 }, (_, at) => at))
  const pair = pairKey({ ...cluster, suite: suites['aes-cbc-hmac-sha256'], material }, a, b)
  assert.equal(
    pair.key.toString('hex'),
    '146efa5a6cbe624bdbe2b77208a3e0c432bec8160ca2b89bda54052f991a6918bd291a4c60c593bcd8d87da61bb62c13',
  )
  assert.equal(pair.fingerprint, 'e7195cf3083e37e2')
})

test('every suite gets a key of its own, as long as it needs', () => {
  const material = Buffer.alloc(48, 7)
  const pairs = suiteNames.map((name) => pairKey({ ...cluster, suite: suites[name], material }, a, b))
  for (const { key, suite } of pairs) assert.equal(key.length, keyBytes(suite))
  assert.equal(new Set(pairs.map(({ key }) => key.toString('hex', 0, 16))).size, suiteNames.length)
  assert.equal(new Set(pairs.map(({ fingerprint }) => fingerprint)).size, suiteNames.length)
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
  const forgotten = keys.get(cluster, a, b).key
  const other = { ...cluster, material: Buffer.alloc(20) }
  assert.deepEqual(keys.get(other, a, b), pairKey(other, a, b))
  assert.deepEqual(forgotten, Buffer.alloc(20), 'and overwritten')
  const another = { ...other, suite: suites['aes-gcm-256'] }
  assert.deepEqual(keys.get(another, a, b), pairKey(another, a, b))
})
