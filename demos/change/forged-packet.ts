import { randomBytes, randomInt } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { internetChecksum, parseAddress, sealEsp } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'
import { espSa } from '../proof/index.ts'
import { beyond } from '../sabotage/outbound.ts'

/** Packets as only somebody makes them who wants to pass for another. */

const udpProtocol = 17
const espProtocol = 50
const ipv4InIp = 4
const ipv6InIp = 41
/** Nobody listens there for what comes back. */
const discardPort = 9

/** A datagram under somebody else's address; no two are the same. */
export function forgedDatagram(source: string, destination: string, port: number): Buffer {
  const payload = Buffer.from(`from nobody ${randomBytes(16).toString('hex')}`)
  const header = Buffer.alloc(8)
  header.writeUInt16BE(discardPort)
  header.writeUInt16BE(port, 2)
  header.writeUInt16BE(header.length + payload.length, 4)
  return ipPacket(source, destination, udpProtocol, Buffer.concat([header, payload]))
}

/** ESP between two nodes with an SPI of one's own choice, and nothing behind it. */
export function espOfNobody(source: string, destination: string): Buffer {
  const header = Buffer.alloc(8)
  // With the uppermost bit: no agent takes such an SPI, as the key's id stands there.
  header.writeUInt32BE(randomInt(0xf100_0000, 0xffff_ffff))
  header.writeUInt32BE(1, 4)
  return ipPacket(source, destination, espProtocol, Buffer.concat([header, randomBytes(112)]))
}

/** ESP under a real association and its next sequence numbers, sealed with keys that nobody else has. */
export function espWithAnotherKey(sa: SecurityAssociation, inner: Buffer, count: bigint): Buffer {
  const real = espSa(sa)
  const sequence = beyond(sa) + count
  const sealed = sealEsp(
    {
      ...real,
      key: randomBytes(real.key.length),
      ...(real.integrity && {
        integrity: { ...real.integrity, key: randomBytes(real.integrity.key.length) },
      }),
    },
    {
      sequence: Number(sequence & 0xffff_ffffn),
      sequenceHigh: Number(sequence >> 32n),
      iv: randomBytes(real.integrity ? 16 : 8),
      nextHeader: isIpv6(inner) ? ipv6InIp : ipv4InIp,
      inner,
    },
  )
  return ipPacket(sa.source, sa.destination, espProtocol, sealed)
}

/** The frame that brings a packet to a device. */
export function frameTo(destination: Buffer, sourceMac: string, packet: Buffer): Buffer {
  const source = Buffer.from(sourceMac.replaceAll(':', ''), 'hex')
  const etherType = Buffer.from(isIpv6(packet) ? [0x86, 0xdd] : [0x08, 0x00])
  return Buffer.concat([destination, source, etherType, packet])
}

function isIpv6(packet: Buffer): boolean {
  return packet[0]! >> 4 === 6
}

function ipPacket(source: string, destination: string, protocol: number, payload: Buffer): Buffer {
  const addresses = [parseAddress(source), parseAddress(destination)] as const
  return (isIPv6(source) ? ipv6 : ipv4)(...addresses, protocol, payload)
}

function ipv6(source: Buffer, destination: Buffer, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header[0] = 0x60
  header.writeUInt16BE(payload.length, 4)
  header[6] = protocol
  header[7] = 64
  return Buffer.concat([header, source, destination, payload])
}

function ipv4(source: Buffer, destination: Buffer, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(header.length + payload.length, 2)
  // One that is there already the kernel leaves alone.
  header.writeUInt16BE(randomInt(1, 0xffff), 4)
  header.writeUInt16BE(0x4000, 6)
  header[8] = 64
  header[9] = protocol
  header.set(source, 12)
  header.set(destination, 16)
  header.writeUInt16BE(internetChecksum(header), 10)
  return Buffer.concat([header, payload])
}
