import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentProblem } from '../problem.ts'
import { parseClusterKey } from './cluster-key.ts'

const hex = 'a0c1e2d3f4b5967788aabbccddee5f6e7d8c9bfa'
const long = `${hex}13e4f2d1c0b9a8d7e6f5c4b3a2d1f0e9`
const hmac = long.slice(0, 64)
const cbc = hex.slice(0, 32)

test('a key in the form of Cilium is read', () => {
  const key = parseClusterKey(`3+ rfc4106(gcm(aes)) ${hex} 128\n`)
  assert.equal(key.id, 3)
  assert.equal(key.material.toString('hex'), hex)
  assert.equal(key.suite.name, 'aes-gcm-128')
  assert.equal(parseClusterKey(`15 rfc4106(gcm(aes)) ${hex} 128`).id, 15)
})

test('the algorithm and the length of the key tell the suite', () => {
  const aes256 = parseClusterKey(`3+ rfc4106(gcm(aes)) ${long} 128`)
  assert.deepEqual([aes256.suite.name, aes256.material.toString('hex')], ['aes-gcm-256', long])
  const chacha = parseClusterKey(`4+ rfc7539esp(chacha20,poly1305) ${long} 128`)
  assert.deepEqual([chacha.suite.name, chacha.material.toString('hex')], ['chacha20-poly1305', long])
})

test('an authentication key and an encryption key are read, each as what it is', () => {
  const { suite, material, id } = parseClusterKey(`5+ hmac(sha256) ${hmac} cbc(aes) ${cbc}`)
  assert.deepEqual([id, suite.name, material.toString('hex')], [5, 'aes-cbc-hmac-sha256', `${cbc}${hmac}`])
})

const mistakes: [string, string, RegExp][] = [
  ['a missing part', `3+ rfc4106(gcm(aes)) ${hex}`, /four parts/],
  ['a part too many', `3+ rfc4106(gcm(aes)) ${hex} 128 x`, /four parts/],
  ['nothing', '', /key id/],
  ['an id alone', '3+', /no algorithm/],
  ['no id', `x rfc4106(gcm(aes)) ${hex} 128`, /key id/],
  ['id 0', `0+ rfc4106(gcm(aes)) ${hex} 128`, /1 to 15/],
  ['id 16', `16+ rfc4106(gcm(aes)) ${hex} 128`, /1 to 15/],
  ['a key in the place of the id', `${hex} rfc4106(gcm(aes)) ${hex} 128`, /key id/],
  ['a key in the place of the algorithm', `3+ ${hex} ${hex} 128`, /no algorithm/],
  ['another algorithm', `3+ cbc(aes) ${hex} 128`, /no algorithm.*rfc4106.*rfc7539esp.*hmac/],
  ['a short key', `3+ rfc4106(gcm(aes)) ${hex.slice(2)} 128`, /19 bytes.*20 or 36/],
  ['a key of AES-192', `3+ rfc4106(gcm(aes)) ${long.slice(0, 56)} 128`, /28 bytes.*20 or 36/],
  ['a key for AES where ChaCha20 is named', `3+ rfc7539esp(chacha20,poly1305) ${hex} 128`, /20 bytes.*36/],
  ['a key that is not hexadecimal', `3+ rfc4106(gcm(aes)) ${hex.replace('d', 'g')} 128`, /hexadecimal/],
  ['half a byte', `3+ rfc4106(gcm(aes)) ${hex.slice(1)} 128`, /hexadecimal/],
  ['an ICV of 96 bits', `3+ rfc4106(gcm(aes)) ${hex} 96`, /ICV/],
  ['an ICV of 64 bits with ChaCha20', `3+ rfc7539esp(chacha20,poly1305) ${long} 64`, /ICV/],
  ['authentication without encryption', `3+ hmac(sha256) ${hmac}`, /five parts/],
  ['a length after the encryption key', `3+ hmac(sha256) ${hmac} cbc(aes) ${cbc} 96`, /five parts/],
  [
    'a short authentication key',
    `3+ hmac(sha256) ${hmac.slice(2)} cbc(aes) ${cbc}`,
    /31 bytes of authentication key.*32/,
  ],
  ['a long encryption key', `3+ hmac(sha256) ${hmac} cbc(aes) ${hmac}`, /32 bytes of encryption key.*16/],
  [
    'an authentication key that is not hexadecimal',
    `3+ hmac(sha256) ${hmac.slice(1)}g cbc(aes) ${cbc}`,
    /authentication key.*hexadecimal/,
  ],
  [
    'an encryption key that is not hexadecimal',
    `3+ hmac(sha256) ${hmac} cbc(aes) ${cbc.slice(1)}g`,
    /encryption key.*hexadecimal/,
  ],
  ['another cipher beside the authentication', `3+ hmac(sha256) ${hmac} cbc(des3_ede) ${cbc}`, /no cipher/],
  ['the two keys in the place of the names', `3+ hmac(sha256) cbc(aes) ${hmac} ${cbc}`, /no cipher/],
  ['authentication by SHA-1', `3+ hmac(sha1) ${hex} cbc(aes) ${cbc}`, /no algorithm/],
]

for (const [what, text, message] of mistakes) {
  test(`${what} is refused without quoting the key`, () => {
    assert.throws(
      () => parseClusterKey(text),
      (error) => {
        assert.ok(error instanceof AgentProblem)
        assert.match(error.message, message)
        const said = JSON.stringify([error.message, error.remedy, error.stack])
        for (let at = 0; at + 6 <= long.length; at += 2) assert.ok(!said.includes(long.slice(at, at + 6)))
        return true
      },
    )
  })
}
