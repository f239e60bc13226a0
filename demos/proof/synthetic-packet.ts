import { createCipheriv } from 'node:crypto'
import { parseAddress } from 'tcpdump-parse'

/** Packets for tests, made byte by byte and with an implementation of ESP that is not the one under test. */

export function ethernet(ip: Buffer, etherType = ip[0]! >> 4 === 6 ? 0x86dd : 0x0800): Buffer {
  const header = Buffer.from('0257c0a800020257c0a800010800', 'hex')
  header.writeUInt16BE(etherType, 12)
  return Buffer.concat([header, ip])
}

export function ipv4(
  source: string,
  destination: string,
  protocol: number,
  payload: Buffer,
  ttl = 64,
  { dontFragment = true } = {},
): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + payload.length, 2)
  if (dontFragment) header.writeUInt16BE(0x4000, 6)
  header[8] = ttl
  header[9] = protocol
  address(source).copy(header, 12)
  address(destination).copy(header, 16)
  header.writeUInt16BE(checksum(header), 10)
  return Buffer.concat([header, payload])
}

/** Of the family that its addresses are of. */
export function packet(source: string, destination: string, protocol: number, payload: Buffer): Buffer {
  return (source.includes(':') ? ipv6 : ipv4)(source, destination, protocol, payload)
}

export function ipv6(
  source: string,
  destination: string,
  nextHeader: number,
  payload: Buffer,
  hopLimit = 64,
): Buffer {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(payload.length, 4)
  header[6] = nextHeader
  header[7] = hopLimit
  address(source).copy(header, 8)
  address(destination).copy(header, 24)
  return Buffer.concat([header, payload])
}

/** A message of ICMPv6 that is about addresses: neighbour discovery (RFC 4861), or a report of groups (RFC 3810). */
export function icmpv6(type: number, ...about: string[]): Buffer {
  return Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]), ...about.map(address)])
}

export function udp(sourcePort: number, destinationPort: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

export function tcp(
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  payload: Buffer,
  { flags = 0x18, acknowledgement = 0 } = {},
): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt32BE(sequence, 4)
  header.writeUInt32BE(acknowledgement, 8)
  header[12] = 0x50
  header[13] = flags
  header.writeUInt16BE(0xffff, 14)
  return Buffer.concat([header, payload])
}

/** The packet as it is after `hops` routers. */
export function routed(packet: Buffer, hops: number): Buffer {
  const copy = Buffer.from(packet)
  if (copy[0]! >> 4 === 6) {
    copy[7] = copy[7]! - hops
    return copy
  }
  copy[8] = copy[8]! - hops
  copy.writeUInt16BE(0, 10)
  copy.writeUInt16BE(checksum(copy.subarray(0, 20)), 10)
  return copy
}

/** The packet in fragments that hold so many bytes each, a multiple of eight (RFC 791 section 2.3). */
export function fragmented(packet: Buffer, bytes: number): Buffer[] {
  const payload = packet.subarray(20)
  return Array.from({ length: Math.ceil(payload.length / bytes) }, (_, index) => {
    const part = payload.subarray(index * bytes, (index + 1) * bytes)
    const header = Buffer.from(packet.subarray(0, 20))
    const isLast = (index + 1) * bytes >= payload.length
    header.writeUInt16BE(20 + part.length, 2)
    header.writeUInt16BE((isLast ? 0 : 0x2000) | ((index * bytes) / 8), 6)
    header.writeUInt16BE(0, 10)
    header.writeUInt16BE(checksum(header), 10)
    return Buffer.concat([header, part])
  })
}

export interface Sealing {
  readonly source: string
  readonly destination: string
  readonly spi: number
  readonly key: string
  readonly sequence: number | bigint
  /** The upper half of the sequence number is authenticated, and not sent. */
  readonly esn?: boolean
  readonly iv?: bigint
}

/** An ESP packet in tunnel mode: RFC 4303 with the AES-GCM of RFC 4106. */
export function esp(inner: Buffer, sealing: Sealing, nextHeader = inner[0]! >> 4 === 6 ? 41 : 4): Buffer {
  const key = Buffer.from(sealing.key, 'hex')
  const padding = (4 - ((inner.length + 2) % 4)) % 4
  const trailer = Buffer.from([
    ...Array.from({ length: padding }, (_, index) => index + 1),
    padding,
    nextHeader,
  ])
  const number = BigInt(sealing.sequence)
  const [high, low] = [Number(number >> 32n), Number(number & 0xffff_ffffn)]
  const header = Buffer.alloc(8)
  header.writeUInt32BE(sealing.spi, 0)
  header.writeUInt32BE(low, 4)
  const iv = Buffer.alloc(8)
  iv.writeBigUInt64BE(sealing.iv ?? BigInt(sealing.sequence))
  const cipher = createCipheriv('aes-128-gcm', key.subarray(0, 16), Buffer.concat([key.subarray(16), iv]))
  cipher.setAAD(sealing.esn ? withUpperHalf(header, high) : header)
  const sealed = Buffer.concat([cipher.update(Buffer.concat([inner, trailer])), cipher.final()])
  return packet(
    sealing.source,
    sealing.destination,
    50,
    Buffer.concat([header, iv, sealed, cipher.getAuthTag()]),
  )
}

/** RFC 4106 section 5. */
function withUpperHalf(header: Buffer, high: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(high)
  return Buffer.concat([header.subarray(0, 4), bytes, header.subarray(4)])
}

/** An ARP request. */
export function arp(sender: string, target: string): Buffer {
  const head = Buffer.from('0001080006040001', 'hex')
  const mac = Buffer.from('0257c0a80001', 'hex')
  return Buffer.concat([head, mac, address(sender), Buffer.alloc(6), address(target)])
}

/** A VXLAN header (RFC 7348) and the frame within. */
export function vxlan(frame: Buffer): Buffer {
  return Buffer.concat([Buffer.from('0800000000000100', 'hex'), frame])
}

/** An ICMP error that quotes a packet (RFC 792). */
export function unreachable(quoted: Buffer): Buffer {
  return Buffer.concat([Buffer.from('0301000000000000', 'hex'), quoted])
}

function address(text: string): Buffer {
  return parseAddress(text)
}

function checksum(header: Buffer): number {
  let sum = 0
  for (let offset = 0; offset < header.length; offset += 2)
    if (offset !== 10) sum += header.readUInt16BE(offset)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
