import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentProblem } from '../problem.ts'
import { parseClusterKey } from './cluster-key.ts'

const hex = '000102030405060708090a0b0c0d0e0fdeadbeef'

test('a key in the form of Cilium is read', () => {
  const key = parseClusterKey(`3+ rfc4106(gcm(aes)) ${hex} 128\n`)
  assert.equal(key.id, 3)
  assert.equal(key.material.toString('hex'), hex)
  assert.equal(key.icvBits, 128)
  assert.equal(parseClusterKey(`15 rfc4106(gcm(aes)) ${hex} 128`).id, 15)
})

const mistakes: [string, string, RegExp][] = [
  ['a missing part', `3+ rfc4106(gcm(aes)) ${hex}`, /four parts/],
  ['a part too many', `3+ rfc4106(gcm(aes)) ${hex} 128 x`, /four parts/],
  ['no id', `x rfc4106(gcm(aes)) ${hex} 128`, /key id/],
  ['id 0', `0+ rfc4106(gcm(aes)) ${hex} 128`, /1 to 15/],
  ['id 16', `16+ rfc4106(gcm(aes)) ${hex} 128`, /1 to 15/],
  ['another algorithm', `3+ cbc(aes) ${hex} 128`, /algorithm/],
  ['a short key', `3+ rfc4106(gcm(aes)) ${hex.slice(2)} 128`, /19 bytes/],
  ['a key that is not hexadecimal', `3+ rfc4106(gcm(aes)) ${hex.replace('d', 'g')} 128`, /hexadecimal/],
  ['half a byte', `3+ rfc4106(gcm(aes)) ${hex.slice(1)} 128`, /hexadecimal/],
  ['another ICV', `3+ rfc4106(gcm(aes)) ${hex} 96`, /ICV/],
]

for (const [what, text, message] of mistakes) {
  test(`${what} is refused without quoting the key`, () => {
    assert.throws(
      () => parseClusterKey(text),
      (error) => {
        assert.ok(error instanceof AgentProblem)
        assert.match(error.message, message)
        const said = JSON.stringify([error.message, error.remedy, error.stack])
        for (let at = 0; at + 6 <= hex.length; at += 2) assert.ok(!said.includes(hex.slice(at, at + 6)))
        return true
      },
    )
  })
}
