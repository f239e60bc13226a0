import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { CanaryFinder } from './finder.ts'

const TOKEN = 'CANARY-5f3a?>~-pod-1'
const OTHER = 'CANARY-77b1-another'
const finder = new CanaryFinder([TOKEN, OTHER])
const found = (data: Buffer): string[] =>
  finder.search(data).map(({ token, encoding }) => `${encoding} ${token}`)
const raw = Buffer.from(TOKEN)

describe('finds a token in each encoding, wherever it lies', () => {
  const forms: [string, Buffer][] = [
    ['raw', raw],
    ['hex', Buffer.from(raw.toString('hex'))],
    ['HEX', Buffer.from(raw.toString('hex').toUpperCase())],
    ['utf-16le', Buffer.from(TOKEN, 'utf16le')],
    ['utf-16be', Buffer.from(TOKEN, 'utf16le').swap16()],
    ['percent', Buffer.from(raw.toString('hex').toUpperCase().replace(/../g, '%$&'))],
    ['percent-lower', Buffer.from(raw.toString('hex').replace(/../g, '%$&'))],
    ['reversed', Buffer.from(raw).reverse()],
  ]
  for (const [encoding, bytes] of forms)
    test(encoding, () => {
      for (const before of [0, 1, 2, 57, 1400]) {
        const data = Buffer.concat([Buffer.alloc(before, '.'), bytes, Buffer.alloc(before % 3, '.')])
        assert.deepEqual(finder.search(data), [{ token: TOKEN, encoding, offset: before }])
      }
    })
  for (const alphabet of ['base64', 'base64url'] as const)
    for (const before of [0, 1, 2, 3, 4, 5])
      test(`${alphabet}, ${before} bytes before it`, () => {
        for (const after of [0, 1, 2, 3]) {
          const whole = Buffer.concat([randomBytes(before), raw, randomBytes(after)])
          const [hit, ...more] = finder.search(Buffer.from(`"${whole.toString(alphabet)}"`))
          assert.equal(hit?.token, TOKEN)
          assert.match(hit.encoding, new RegExp(`^base64(url)?\\+${before % 3}$`))
          assert.deepEqual(more, [])
        }
      })
})

test('finds every occurrence of every token', () => {
  const data = Buffer.from(`${TOKEN}${OTHER} ${TOKEN}`)
  assert.deepEqual(
    finder.search(data).map(({ token, offset }) => [token, offset]),
    [
      [TOKEN, 0],
      [OTHER, TOKEN.length],
      [TOKEN, TOKEN.length + OTHER.length + 1],
    ],
  )
})

describe('finds nothing where there is nothing', () => {
  test('in random bytes, zeros and nearly the token', () => {
    assert.deepEqual(found(randomBytes(1 << 20)), [])
    assert.deepEqual(found(Buffer.alloc(1 << 16)), [])
    assert.deepEqual(found(Buffer.alloc(0)), [])
    for (let i = 0; i < raw.length; i++) {
      const altered = Buffer.from(raw)
      altered[i]! ^= 1
      assert.deepEqual(found(altered), [])
    }
    assert.deepEqual(found(raw.subarray(0, -1)), [])
    assert.deepEqual(found(raw.subarray(1)), [])
  })
  test('in the ciphertext of a text full of it', () => {
    const cipher = createCipheriv('aes-128-gcm', randomBytes(16), randomBytes(12))
    assert.deepEqual(found(cipher.update(Buffer.from(TOKEN.repeat(10_000)))), [])
  })
})

describe('finds a token in compressed data', () => {
  const text = Buffer.from(
    `{"before": "${'lorem ipsum '.repeat(9)}", "canary": "${TOKEN}", "after": "${OTHER}"}`,
  )
  const around = (bytes: Buffer): Buffer => Buffer.concat([randomBytes(54), bytes, Buffer.from('trailer')])
  for (const level of [0, 1, 9]) {
    test(`gzip and zlib anywhere, level ${level}`, () => {
      if (level > 0) assert.ok(!gzipSync(text, { level }).includes(text))
      assert.ok(found(around(gzipSync(text, { level }))).includes(`gzip(raw) ${TOKEN}`))
      assert.ok(found(around(deflateSync(text, { level }))).includes(`zlib(raw) ${OTHER}`))
    })
  }
  test('bare deflate at the start and as the body of an HTTP message', () => {
    const bare = deflateRawSync(text)
    assert.ok(found(bare).includes(`deflate(raw) ${TOKEN}`))
    const response = Buffer.from('HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n')
    assert.ok(found(Buffer.concat([response, bare])).includes(`deflate(raw) ${TOKEN}`))
  })
  test('brotli likewise, also where its end was not captured', () => {
    const squeezed = brotliCompressSync(text)
    assert.ok(!squeezed.includes(raw))
    const response = Buffer.from('HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n')
    assert.ok(found(squeezed).includes(`brotli(raw) ${TOKEN}`))
    assert.ok(found(Buffer.concat([response, squeezed])).includes(`brotli(raw) ${TOKEN}`))
    const long = brotliCompressSync(Buffer.concat([text, randomBytes(50_000)]))
    assert.ok(found(long.subarray(0, 20_000)).includes(`brotli(raw) ${TOKEN}`))
  })
  test('what has no mark, where the caller says that content begins', () => {
    for (const [format, bytes] of [
      ['deflate', deflateRawSync(text)],
      ['brotli', brotliCompressSync(text)],
    ] as const) {
      const data = Buffer.concat([randomBytes(54), bytes])
      const hits = finder.search(data, [54])
      assert.ok(hits.some(({ encoding, offset }) => encoding === `${format}(raw)` && offset === 54))
    }
  })
  test('gzip with a name, a comment, extra fields and a wrong checksum', () => {
    const plain = gzipSync(text)
    const head = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9])
    const named = Buffer.concat([head, Buffer.from('name\0comment\0'), plain.subarray(10)])
    named.fill(0, named.length - 8)
    assert.ok(found(named).includes(`gzip(raw) ${TOKEN}`))
  })
  test('a member whose end was not captured', () => {
    const long = gzipSync(Buffer.concat([text, randomBytes(5000)]))
    assert.ok(found(long.subarray(0, 1400)).includes(`gzip(raw) ${TOKEN}`))
  })
  test('compressed twice, and encoded inside', () => {
    assert.ok(found(gzipSync(deflateSync(text))).includes(`gzip(zlib(raw)) ${TOKEN}`))
    assert.ok(found(gzipSync(Buffer.from(raw.toString('hex')))).includes(`gzip(hex) ${TOKEN}`))
  })
  test('a bomb costs a bounded time, and its start is still searched', () => {
    const bomb = gzipSync(Buffer.concat([text, Buffer.alloc(200 << 20)]))
    const start = performance.now()
    assert.ok(found(bomb).includes(`gzip(raw) ${TOKEN}`))
    assert.ok(performance.now() - start < 2000)
  })
  test('so does a bomb of brotli that comes again and again', () => {
    const bomb = Buffer.concat([Buffer.from('\r\n\r\n'), brotliCompressSync(Buffer.alloc(5 << 20))])
    const start = performance.now()
    assert.deepEqual(found(Buffer.alloc(60_000, bomb)), [])
    const bound = 2000
    assert.ok(performance.now() - start < bound)
  })
  test('a thousand false starts do not hide a token in clear', () => {
    const data = Buffer.concat([Buffer.from('789c0102'.repeat(1000), 'hex'), raw])
    assert.deepEqual(found(data), [`raw ${TOKEN}`])
  })
})

test('many tokens of different lengths are told apart', () => {
  const tokens = Array.from({ length: 200 }, (_, i) => `token-${i}-${'x'.repeat(i)}!`)
  const many = new CanaryFinder(tokens)
  for (const token of tokens)
    assert.deepEqual(many.search(Buffer.from(`..${token}..`)), [{ token, encoding: 'raw', offset: 2 }])
})

test('a token too short to mean anything is refused', () => {
  assert.throws(() => new CanaryFinder(['short']), RangeError)
})

test('a part of some memory is searched as if it were all there is', () => {
  const memory = Buffer.alloc(4096, '.')
  for (let at = 0; at < 40; at++) {
    memory.fill('.').set(raw, at)
    assert.deepEqual(finder.scan(memory, at, at + raw.length), [
      { token: TOKEN, encoding: 'raw', offset: at },
    ])
    assert.deepEqual(finder.scan(memory, at + 1, at + 100), [])
    assert.deepEqual(finder.scan(memory, 0, at + raw.length - 1), [])
    assert.deepEqual(finder.scan(memory.subarray(at), 0, raw.length), [
      { token: TOKEN, encoding: 'raw', offset: 0 },
    ])
  }
})

test('the search finds exactly what looking for each pattern at each place finds', () => {
  const tokens = Array.from({ length: 64 }, () => `t-${randomBytes(6).toString('base64')}`)
  const many = new CanaryFinder(tokens)
  const text = Buffer.alloc(20_000, 'a')
  for (let i = 0; i < 300; i++) {
    const form = Buffer.from(tokens[i % 64]!)
    text.set(i % 3 ? form : form.reverse(), (i * 61) % 19_000)
  }
  const expected = tokens.flatMap((token) => {
    const places: string[] = []
    for (const [encoding, form] of [
      ['raw', Buffer.from(token)],
      ['reversed', Buffer.from(token).reverse()],
    ] as const)
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
        places.push(`${at} ${encoding} ${token}`)
    return places
  })
  const found = many.scan(text).map(({ token, encoding, offset }) => `${offset} ${encoding} ${token}`)
  assert.ok(expected.length > 100)
  assert.deepEqual(found.sort(), expected.sort())
})
