import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { internetChecksum } from '../checksum.ts'
import { decode, decodeIp, type Frame } from '../frame/frame.ts'
import type { Problem } from '../problem.ts'
import { ethernet, ipv4, ipv6, udp } from '../sample-frames.ts'
import { Defragmenter } from './defragmenter.ts'

const DATAGRAM = udp(1000, 2000, Buffer.from(Array.from({ length: 3000 }, (_, i) => i)))
const SIZES = [0, 1480, 2960, DATAGRAM.length]

/** The datagram in three fragments, behind an Ethernet header. */
const ipv4Pieces = (id: number): Frame[] =>
  pieces((from, to) =>
    ipv4(17, DATAGRAM.subarray(from, to), { id, fragmentOffset: from, moreFragments: to < DATAGRAM.length }),
  ).map((packet) => decode(ethernet(0x0800, packet), 1))

const ipv6Pieces = (id: number): Frame[] =>
  pieces((from, to) => {
    const header = Buffer.alloc(8)
    header.writeUInt16BE(from | (to < DATAGRAM.length ? 1 : 0), 2)
    header.writeUInt32BE(id, 4)
    return ipv6(17, DATAGRAM.subarray(from, to), [
      [0, Buffer.from('0000010400000000', 'hex')],
      [44, header],
    ])
  }).map((packet) => decode(ethernet(0x86dd, packet), 1))

function pieces(make: (from: number, to: number) => Buffer): Buffer[] {
  return [0, 1, 2].map((index) => make(SIZES[index]!, SIZES[index + 1]!))
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

for (const [version, fragments] of [
  [4, ipv4Pieces],
  [6, ipv6Pieces],
] as const)
  test(`a packet of IPv${version} is put together from fragments in any order`, () => {
    for (const order of orders) {
      const problems: Problem[] = []
      const defragmenter = new Defragmenter({ onProblem: (problem) => problems.push(problem) })
      const [first, second, last] = order.map((index) => fragments(9)[index]!)
      assert.equal(defragmenter.add(first!, 0n), undefined)
      assert.equal(defragmenter.add(second!, 0n), undefined)
      assert.equal(defragmenter.pending, 1)
      const whole = defragmenter.add(last!, 0n)
      assert.ok(whole)
      assert.equal(whole.problem, undefined)
      assert.equal(whole.fragment, undefined)
      assert.equal(whole.layers.version, version)
      assert.deepEqual(whole.udp?.destinationPort, 2000)
      assert.ok(whole.payload.equals(DATAGRAM.subarray(8)))
      if (version === 4) assert.equal(internetChecksum(whole.data.subarray(0, 20)), 0)
      assert.equal(defragmenter.pending, 0)
      assert.deepEqual(problems, [])
    }
  })

test('packets with other ids, addresses or protocols do not mix, and what is whole passes', () => {
  const defragmenter = new Defragmenter()
  const others = [
    ...ipv4Pieces(1).slice(0, 2),
    ...ipv4Pieces(2).slice(1),
    ...ipv6Pieces(1).slice(0, 2),
    decodeIp(ipv4(17, DATAGRAM.subarray(2960), { id: 1, fragmentOffset: 2960, source: '10.9.9.9' })),
    decodeIp(ipv4(6, DATAGRAM.subarray(2960), { id: 1, fragmentOffset: 2960 })),
  ]
  for (const frame of others) assert.equal(defragmenter.add(frame, 0n), undefined)
  const plain = decodeIp(ipv4(17, udp(1, 2, Buffer.from('x'))))
  assert.equal(defragmenter.add(plain, 0n), plain)
  assert.ok(defragmenter.add(ipv4Pieces(1)[2]!, 0n))
})

describe('what is wrong with fragments is told', () => {
  function told(frames: readonly Frame[], times: readonly bigint[] = [], limit?: number) {
    const problems: Problem[] = []
    const defragmenter = new Defragmenter({
      onProblem: (problem) => problems.push(problem),
      ...(limit !== undefined && { limit }),
    })
    const whole = frames.map((frame, index) => defragmenter.add(frame, times[index] ?? 0n))
    return { codes: problems.map(({ code }) => code), whole: whole.at(-1), pending: defragmenter.pending }
  }

  test('a fragment that comes twice is no problem', () => {
    const [a, b, c] = ipv4Pieces(1)
    assert.deepEqual(told([a!, a!, b!, c!]).codes, [])
    assert.ok(told([a!, a!, b!, c!]).whole)
  })

  test('fragments that do not agree: the first stays', () => {
    const [a, b, c] = ipv4Pieces(1)
    const altered = Buffer.from(b!.data)
    altered[100]! ^= 1
    const { codes, whole } = told([a!, b!, decode(altered, 1), c!])
    assert.deepEqual(codes, ['overlap'])
    assert.ok(whole?.payload.equals(DATAGRAM.subarray(8)))
  })

  test('one that ends beyond what a packet can hold', () => {
    const far = decodeIp(ipv4(17, Buffer.alloc(1000), { fragmentOffset: 65_528 }))
    assert.deepEqual(told([far]).codes, ['bad-length'])
  })

  for (const [version, size] of [
    [4, 65_516],
    [6, 65_528],
  ] as const)
    test(`fragments of IPv${version} that come to more than a packet can say that it holds`, () => {
      const whole = (total: number): Frame[] =>
        Array.from({ length: Math.ceil(total / 16_384) }, (_, index) => {
          const offset = index * 16_384
          const [piece, more] = [Buffer.alloc(Math.min(16_384, total - offset)), offset + 16_384 < total]
          if (version === 4) return decodeIp(ipv4(17, piece, { fragmentOffset: offset, moreFragments: more }))
          const header = Buffer.alloc(8)
          header.writeUInt16BE(offset | (more ? 1 : 0), 2)
          return decodeIp(
            ipv6(17, piece, [
              [60, Buffer.alloc(8)],
              [44, header],
            ]),
          )
        })
      const largest = told(whole(size - 1))
      assert.deepEqual(largest.codes, [])
      assert.equal(largest.whole?.problem, undefined)
      assert.equal(largest.whole?.data.length, version === 4 ? 65_535 : 65_575)
      assert.deepEqual(told(whole(size)), { codes: ['bad-length'], whole: undefined, pending: 0 })
    })

  test('the smallest of fragments count for what keeping them takes', () => {
    const defragmenter = new Defragmenter({ limit: 1 << 20 })
    for (let id = 0; id < 65_536; id++)
      defragmenter.add(decodeIp(ipv4(17, Buffer.alloc(8), { id, moreFragments: true })), 0n)
    assert.ok(defragmenter.pending > 1000 && defragmenter.pending < 5000)
  })

  test('packets that are never whole are given up after a minute, and when there is no room', () => {
    const [a] = ipv4Pieces(1)
    const [, b] = ipv4Pieces(2)
    assert.deepEqual(told([a!, b!], [0n, 59_000_000_000n]).codes, [])
    assert.deepEqual(told([a!, b!], [0n, 61_000_000_000n]).codes, ['truncated'])
    const { codes, pending } = told([a!, b!], [], 2000)
    assert.deepEqual([codes, pending], [['truncated'], 1])
  })

  test('half a fragment is none', () => {
    const [a, b, c] = ipv4Pieces(1)
    const cut = decode(b!.data.subarray(0, -5), 1)
    assert.equal(told([a!, cut, c!]).whole, undefined)
  })
})

test('the first fragment is kept when the memory it was read into is used again', () => {
  const [a, b, c] = ipv4Pieces(1)
  const defragmenter = new Defragmenter()
  defragmenter.add(a!, 0n)
  a!.data.fill(0)
  defragmenter.add(b!, 0n)
  b!.data.fill(0)
  assert.ok(defragmenter.add(c!, 0n)?.payload.equals(DATAGRAM.subarray(8)))
})
