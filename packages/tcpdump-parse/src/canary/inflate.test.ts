import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { inflateAsFarAsItGoes } from './inflate.ts'

const LIMIT = 1 << 20
const words = Array.from({ length: 3000 }, (_, i) => `word${(i * 7919) % 613} `).join('')
const contents = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  words: Buffer.from(words),
  zeros: Buffer.alloc(300_000),
  'random bytes': randomBytes(200_000),
  'both in turn': Buffer.concat([Buffer.from(words), randomBytes(70_000), Buffer.from(words)]),
}
const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants

for (const [name, content] of Object.entries(contents))
  test(`undoes what zlib did to ${name}, at each level and strategy`, () => {
    for (const level of [0, 1, 6, 9])
      for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]) {
        const deflated = Buffer.concat([Buffer.from('ab'), deflateRawSync(content, { level, strategy })])
        assert.ok(content.equals(inflateAsFarAsItGoes(deflated, 2, LIMIT)))
      }
  })

test('gives what comes before a cut, at each length', () => {
  const content = contents.words.subarray(0, 2000)
  const deflated = deflateRawSync(content)
  let last = 0
  for (let length = 0; length <= deflated.length; length++) {
    const part = inflateAsFarAsItGoes(deflated.subarray(0, length), 0, LIMIT)
    assert.ok(content.subarray(0, part.length).equals(part) && part.length >= last)
    last = part.length
  }
  assert.equal(last, content.length)
})

test('stops near the limit', () => {
  for (const content of [contents.zeros, contents['random bytes']]) {
    const part = inflateAsFarAsItGoes(deflateRawSync(content), 0, 1000)
    assert.ok(part.length >= 1000 && part.length < 1000 + 258)
  }
})

test('random bytes end soon, without an exception', () => {
  for (let i = 0; i < 2000; i++) inflateAsFarAsItGoes(randomBytes(200), 0, LIMIT)
})
