import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from './gcm.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

// Test cases 4, 10 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", as submitted to NIST.
const KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
const PLAINTEXT = hex(
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
)
const AAD = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
const NONCE = hex('cafebabefacedbaddecaf888')

const CASES = [
  {
    bits: 128,
    ciphertext:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
      '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    tag: '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    bits: 192,
    ciphertext:
      '3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c' +
      '7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710',
    tag: '2519498e80f1478f37ba55bd6d27618c',
  },
  {
    bits: 256,
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
]

for (const { bits, ciphertext, tag } of CASES)
  test(`AES-${bits}-GCM opens what NIST's vector sealed, and nothing altered`, () => {
    const key = nodeCrypto.key(hex(KEY).subarray(0, bits / 8), 16)
    assert.deepEqual(key.open(NONCE, AAD, hex(ciphertext), hex(tag)), PLAINTEXT)
    const altered = hex(tag)
    altered[15]! ^= 1
    assert.equal(key.open(NONCE, AAD, hex(ciphertext), altered), undefined)
    assert.equal(key.open(NONCE, hex('00'), hex(ciphertext), hex(tag)), undefined)
  })
