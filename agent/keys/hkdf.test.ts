import assert from 'node:assert/strict'
import { hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { expand, extract } from './hkdf.ts'

test('it is the derivation of RFC 5869: its first test vector', () => {
  const key = extract(Buffer.from('000102030405060708090a0b0c', 'hex'), Buffer.alloc(22, 0x0b))
  assert.equal(
    expand(key, Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'), 42).toString('hex'),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
})

test('and that of node:crypto, at every length', () => {
  const [salt, secret, info] = [Buffer.from([3]), Buffer.alloc(20, 7), Buffer.from('context')]
  for (const length of [1, 31, 32, 33, 60, 64, 65, 200])
    assert.deepEqual(
      expand(extract(salt, secret), info, length),
      Buffer.from(hkdfSync('sha256', secret, salt, info, length)),
    )
})
