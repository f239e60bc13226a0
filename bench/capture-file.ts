import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EspSa, LinkType, PcapngWriter, sealEsp } from 'tcpdump-parse'

/** Change it whenever the recipe below changes: files of another revision are not used. */
const REVISION = 2

export const PACKETS = 200_000

/** Each of them is looked for in eleven forms: 517 patterns. */
export const TOKENS: readonly string[] = Array.from(
  { length: 47 },
  (_, index) => `WP-CANARY-BENCHMARKBENCHMARKBENCH${index + 10}`,
)
/** Packets that carry a token inside. */
export const CANARIES = 121

const NODES = ['192.168.50.11', '192.168.50.12'] as const

/** Two SAs, one for each direction; keys for a benchmark only. */
export const SAS: readonly EspSa[] = [
  sa(NODES[0], NODES[1], 0x1000a001, '000102030405060708090a0b0c0d0e0fa0a1a2a3'),
  sa(NODES[1], NODES[0], 0x1000b002, 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffb0b1b2b3'),
]

function sa(source: string, destination: string, spi: number, key: string): EspSa {
  return {
    source,
    destination,
    spi,
    algorithm: 'rfc4106(gcm(aes))',
    key: Buffer.from(key, 'hex'),
    icvBits: 128,
  }
}

/**
 * A capture of 200,000 ESP packets in tunnel mode, about 206 MB: inner TCP segments of which 60% carry 1400 bytes, 25%
 * up to 63 and 15% between 64 and 663. Made once a machine and kept in the directory for temporary files.
 */
export async function benchmarkCapture(): Promise<string> {
  const path = join(tmpdir(), `wireproof-bench-${REVISION}-${PACKETS}.pcapng`)
  if (existsSync(path)) return path
  const unfinished = `${path}.${process.pid}`
  const writer = new PcapngWriter(unfinished, { application: 'bench/capture.ts' })
  const wire = writer.addInterface({ name: 'wire', linkType: LinkType.ethernet })
  const content = randomBytes(1 << 16)
  const sequences = [0, 0]
  for (let number = 0; number < PACKETS; number++) {
    const direction = number % 3 === 2 ? 1 : 0
    const sequence = ++sequences[direction]!
    const iv = Buffer.alloc(8)
    iv.writeUInt32BE(sequence, 4)
    const start = (number * 8191) % (content.length - 1400)
    const payload = content.subarray(start, start + payloadLength(number))
    const inner = tcpPacket(direction, number, withCanary(payload, number))
    const esp = sealEsp(SAS[direction]!, { sequence, iv, nextHeader: 4, inner })
    const packet = ipv4(NODES[direction]!, NODES[1 - direction]!, 50, number, esp)
    writer.writePacket({
      interface: wire,
      time: 1_700_000_000_000_000_000n + BigInt(number) * 10_000n,
      data: Buffer.concat([ETHERNET, packet]),
    })
  }
  await writer.close()
  renameSync(unfinished, path)
  return path
}

/**
 * The same capture again and again in one file, `bytes` long or a little more: pcapng sections may follow one another.
 *
 * @returns how many copies there are.
 */
export function repeatedCapture(capture: string, path: string, bytes: number): number {
  const section = readFileSync(capture)
  const copies = Math.ceil(bytes / section.length)
  const file = openSync(path, 'w')
  try {
    for (let copy = 0; copy < copies; copy++) writeSync(file, section)
  } finally {
    closeSync(file)
  }
  return copies
}

/** Of packets with room for it, one in so many carries a token. */
const CANARY_EVERY = Math.floor(PACKETS / CANARIES)

function withCanary(payload: Buffer, number: number): Buffer {
  const turn = number / CANARY_EVERY
  if (!Number.isInteger(turn) || turn >= CANARIES) return payload
  return Buffer.concat([payload, Buffer.from(TOKENS[turn % TOKENS.length]!)])
}

const ETHERNET = Buffer.from('0200000000020200000000010800', 'hex')

/** The same lengths for everyone: a multiplicative hash of the packet's number stands in for chance. */
function payloadLength(number: number): number {
  const chance = ((number * 2654435761) >>> 0) / 2 ** 32
  const within = ((number * 40503) >>> 0) % 600
  if (chance < 0.6) return 1400
  return chance < 0.85 ? within % 64 : 64 + within
}

function tcpPacket(direction: number, number: number, payload: Buffer): Buffer {
  const ends = ['10.1.1.10', '10.1.2.20'] as const
  const tcp = Buffer.alloc(20)
  tcp.writeUInt16BE(direction === 0 ? 40000 : 9000, 0)
  tcp.writeUInt16BE(direction === 0 ? 9000 : 40000, 2)
  tcp.writeUInt32BE(number * 1400, 4)
  tcp[12] = 0x50
  tcp[13] = 0x18
  tcp.writeUInt16BE(0xffff, 14)
  const segment = Buffer.concat([tcp, payload])
  const pseudo = Buffer.concat([
    Buffer.from(ends[direction]!.split('.').map(Number)),
    Buffer.from(ends[1 - direction]!.split('.').map(Number)),
    Buffer.from([0, 6, segment.length >> 8, segment.length & 0xff]),
  ])
  segment.writeUInt16BE(checksum(pseudo, segment), 16)
  return ipv4(ends[direction]!, ends[1 - direction]!, 6, number, segment)
}

function ipv4(source: string, destination: string, protocol: number, id: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + payload.length, 2)
  header.writeUInt16BE(id & 0xffff, 4)
  header[6] = 0x40
  header[8] = 64
  header[9] = protocol
  header.set(source.split('.').map(Number), 12)
  header.set(destination.split('.').map(Number), 16)
  header.writeUInt16BE(checksum(header), 10)
  return Buffer.concat([header, payload])
}

/** The Internet checksum (RFC 1071) over parts, all but the last of even length. */
function checksum(...parts: Buffer[]): number {
  let sum = 0
  for (const part of parts) {
    for (let i = 0; i + 1 < part.length; i += 2) sum += (part[i]! << 8) | part[i + 1]!
    if (part.length % 2 === 1) sum += part[part.length - 1]! << 8
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
