/** What is at the edge of what formats allow, or costs the most: beside the corpus, a start for mutations. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { LinkType } from '../../src/link-type.ts'
import { ethernet, ipv4, ipv6, tcp, udp } from '../../src/sample-frames.ts'
import type { CorpusCapture } from '../corpus.ts'

/** Tokens that are looked for, and are in some of the captures. */
export const tokens = ['CANARY-fuzz-1f2e3d4c', 'CANARY-fuzz-5b6a7988']

const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ''), 'hex')
const eth4 = (packet: Buffer): Buffer => ethernet(0x0800, packet)
const eth6 = (packet: Buffer): Buffer => ethernet(0x86dd, packet)
const wireGuard = (type: number, length: number): Buffer => {
  const message = Buffer.alloc(length)
  message[0] = type
  return message
}

function compressed(): Buffer[] {
  const body = Buffer.from(`${tokens[0]} ${'and so on '.repeat(30)}${tokens[1]}`)
  const bodies = [gzipSync(body), deflateSync(body), deflateRawSync(body), brotliCompressSync(body)]
  return [
    ...bodies.map((each) => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nServer: x\r\n\r\n'), each])),
    gzipSync(gzipSync(Buffer.from(tokens[0]!.repeat(3)))),
    body,
    Buffer.from(body.toString('base64')),
    Buffer.from(body.toString('hex')),
  ]
}

function segments(): Buffer[] {
  const [text, other] = [Buffer.from(tokens[0]!.repeat(8)), Buffer.alloc(160, 'y')]
  const at = (sequence: number, payload: Buffer) => eth4(ipv4(6, tcp(payload, { sequence })))
  return [
    eth4(ipv4(6, tcp(Buffer.alloc(0), { sequence: 0xffffffef, syn: true }))),
    at(0xfffffff0, text.subarray(0, 10)),
    at(0xfffffffa, text.subarray(10, 40)),
    at(60, text.subarray(80, 120)),
    at(20, text.subarray(40, 80)),
    // Says something else of bytes that were there.
    at(30, other.subarray(0, 100)),
  ]
}

const ROUTING = 43
const DESTINATION_OPTIONS = 60
const MOBILITY = 135

const small: [string, Buffer[]][] = [
  ['compressed and encoded bodies', compressed().map((body) => eth4(ipv4(6, tcp(body))))],
  ['a connection whose numbers turn over, with segments that disagree', segments()],
  [
    'every WireGuard message',
    [wireGuard(1, 148), wireGuard(2, 92), wireGuard(3, 64), wireGuard(4, 32)].map((message) =>
      eth4(ipv4(17, udp(51820, 51820, message))),
    ),
  ],
  [
    'several TLS records in a segment',
    [eth4(ipv4(6, tcp(hex('16 0303 0002 0101  14 0303 0001 01  17 0303 4000 00'))))],
  ],
  [
    'every extension header',
    [
      eth6(
        ipv6(
          17,
          udp(1, 2, Buffer.alloc(8)),
          [0, ROUTING, 51, DESTINATION_OPTIONS, MOBILITY].map((type) => [type, Buffer.alloc(16)]),
        ),
      ),
    ],
  ],
]

/** As many fragments as it takes to come to `total` bytes behind the IP header. */
function fragments(total: number, version: 4 | 6): Buffer[] {
  const payload = Buffer.concat([udp(1, 2, Buffer.alloc(0)), Buffer.alloc(total - 8)])
  const size = 16_384
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => {
    const from = index * size
    const piece = payload.subarray(from, from + size)
    const moreFragments = from + size < total
    if (version === 4) return eth4(ipv4(17, piece, { id: total, fragmentOffset: from, moreFragments }))
    const header = Buffer.alloc(8)
    header.writeUInt16BE(from | (moreFragments ? 1 : 0), 2)
    return eth6(
      ipv6(17, piece, [
        [DESTINATION_OPTIONS, Buffer.alloc(8)],
        [44, header],
      ]),
    )
  })
}

/** IPv4 in IPv4 and so on; lengths of zero, as before segmentation, leave room for more than 64 KiB. */
function tunnels(depth: number): Buffer {
  const headers = Array.from({ length: depth }, () => {
    const header = ipv4(4, Buffer.alloc(0))
    header.writeUInt16BE(0, 2)
    return header
  })
  return Buffer.concat([...headers, ipv4(17, udp(1, 2, Buffer.from(tokens[0]!)))])
}

/** A few bytes that become more than is ever undone, again and again. */
function bombs(): Buffer {
  const bomb = Buffer.concat([Buffer.from('\r\n\r\n'), brotliCompressSync(Buffer.alloc(5 << 20))])
  return Buffer.alloc(60_000, bomb)
}

const large: [string, Buffer[]][] = [
  ['the largest packet of IPv4 in fragments', fragments(65_515, 4)],
  ['more than a packet of IPv4 can hold', fragments(65_535, 4)],
  ['the largest packet of IPv6 in fragments', fragments(65_527, 6)],
  ['more than a packet of IPv6 can hold', fragments(65_535, 6)],
  ['bombs of brotli', [eth4(ipv4(6, tcp(bombs())))]],
  ['packets in packets, 12,000 deep', [eth4(tunnels(12_000))]],
  [
    '64 KiB of what could begin a compressed member',
    [eth4(ipv4(6, tcp(Buffer.alloc(64_000, '\r\n\r\nx\x9c'))))],
  ],
]

const captured = ([name, frames]: [string, Buffer[]]): CorpusCapture => ({
  name,
  linkType: LinkType.ethernet,
  frames,
})

export const edgeCaptures: readonly CorpusCapture[] = small.map(captured)

/** Each of these takes a hundred times as long as others, so they are taken seldom. */
export const largeCaptures: readonly CorpusCapture[] = large.map(captured)
