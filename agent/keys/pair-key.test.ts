import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterKey, parseClusterKey } from './cluster-key.ts'
import { type Endpoint, PairKeys, pairKey } from './pair-key.ts'
import { keyBytes, suiteNames, suites } from './suite.ts'

const cluster = parseClusterKey('3+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128')
const a: Endpoint = { underlay: '192.168.0.1', incarnation: '11'.repeat(16) }
const b: Endpoint = { underlay: '192.168.0.2', incarnation: '22'.repeat(16) }

const hex = (key: ClusterKey, from: Endpoint, to: Endpoint) => pairKey(key, from, to, 0).key.toString('hex')

test('the derivation is HKDF-SHA256 over label, addresses, incarnations, attempt and suite', () => {
  const pair = pairKey(cluster, a, b, 0)
  assert.equal(pair.key.toString('hex'), '42784937599c398b42643811ab80763784f2d98a')
  assert.equal(pair.spi.toString(16), '3cc84d8d')
  assert.equal(pair.fingerprint, 'a0d67a9f3a0ef8f5')
})

test('the derivation for two keys is one of their whole length', () => {
  const material = Buffer.from(Array.from({ length: 48 }, (_, at) => at))
  const pair = pairKey({ ...cluster, suite: suites['aes-cbc-hmac-sha256'], material }, a, b, 0)
  assert.equal(
    pair.key.toString('hex'),
    '23fe326791f70b1163fcbe157c455b2bf5a28af19c95035d75a24b4f5b2feebe2710f4b65df68b0bcb33b5579290f547',
  )
  assert.equal(pair.fingerprint, '02259489b8589d5a')
})

test('every suite gets a key of its own, as long as it needs', () => {
  const material = Buffer.alloc(48, 7)
  const pairs = suiteNames.map((name) => pairKey({ ...cluster, suite: suites[name], material }, a, b, 0))
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
  const forgotten = keys.get(cluster, a, b, 0).key
  const other = { ...cluster, material: Buffer.alloc(20) }
  assert.deepEqual(keys.get(other, a, b, 0), pairKey(other, a, b, 0))
  assert.deepEqual(forgotten, Buffer.alloc(20), 'and overwritten')
  const another = { ...other, suite: suites['aes-gcm-256'] }
  assert.deepEqual(keys.get(another, a, b, 0), pairKey(another, a, b, 0))
})

test('remembered keys are forgotten with the life of either node', () => {
  const keys = new PairKeys()
  const [there, back] = [keys.get(cluster, a, b, 0), keys.get(cluster, b, a, 0)]
  assert.equal(keys.get(cluster, a, b, 0), there, 'both directions are remembered at once')
  const reborn = { ...b, incarnation: '33'.repeat(16) }
  assert.deepEqual(keys.get(cluster, a, reborn, 0), pairKey(cluster, a, reborn, 0))
  for (const { key } of [there, back]) assert.deepEqual(key, Buffer.alloc(20), 'and overwritten')
})
