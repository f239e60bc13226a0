import { parsePrefix } from '@wireproof/netlink'

/** Frames as the kernel would hand them to the datapath; checksums are left zero, which it does not read. */

export const protocols = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  fragment: 44,
  esp: 50,
  icmp6: 58,
  sctp: 132,
} as const
const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, lldp: 0x88cc } as const

export interface Addresses {
  readonly source: string
  readonly destination: string
}

export function ethernet(type: keyof typeof ETHERTYPE, payload: Buffer): Buffer {
  const header = Buffer.alloc(14)
  header.writeUInt16BE(ETHERTYPE[type], 12)
  return Buffer.concat([header, payload])
}

export function vlan(type: keyof typeof ETHERTYPE, payload: Buffer): Buffer {
  const tag = Buffer.alloc(4)
  tag.writeUInt16BE(ETHERTYPE[type], 2)
  return ethernet('vlan', Buffer.concat([tag, payload]))
}

export function ipv4(
  { source, destination }: Addresses,
  protocol: number,
  payload: Buffer,
  { fragmentOffset = 0, moreFragments = false, datagram = 0, optionWords = 0 } = {},
): Buffer {
  const header = Buffer.alloc(20 + optionWords * 4)
  header[0] = 0x40 | (5 + optionWords)
  header.writeUInt16BE(header.length + payload.length, 2)
  header.writeUInt16BE(datagram, 4)
  header.writeUInt16BE((moreFragments ? 0x2000 : 0) | (fragmentOffset / 8), 6)
  header[8] = 64
  header[9] = protocol
  parsePrefix(source).bytes.copy(header, 12)
  parsePrefix(destination).bytes.copy(header, 16)
  return Buffer.concat([header, payload])
}

export function ipv6({ source, destination }: Addresses, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(payload.length, 4)
  header[6] = protocol
  header[7] = 64
  parsePrefix(source).bytes.copy(header, 8)
  parsePrefix(destination).bytes.copy(header, 24)
  return Buffer.concat([header, payload])
}

/** What an IPv6 packet of protocol 44 carries: a fragment header and a part of something else. */
export function ipv6Fragment(
  protocol: number,
  payload: Buffer,
  { fragmentOffset = 0, moreFragments = false, datagram = 0 },
): Buffer {
  const header = Buffer.alloc(8)
  header[0] = protocol
  header.writeUInt16BE(fragmentOffset | (moreFragments ? 1 : 0), 2)
  header.writeUInt32BE(datagram, 4)
  return Buffer.concat([header, payload])
}

export function udp(destinationPort: number, payload: Buffer = Buffer.alloc(32)): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(40000, 0)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

export function tcp(destinationPort: number): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(40000, 0)
  header.writeUInt16BE(destinationPort, 2)
  header[12] = 0x50
  return header
}

export function icmp(type: number, payload: Buffer = Buffer.alloc(32)): Buffer {
  const header = Buffer.alloc(8)
  header[0] = type
  return Buffer.concat([header, payload])
}

export function vxlan(frame: Buffer, port = 8472): Buffer {
  const header = Buffer.alloc(8)
  header[0] = 0x08
  return udp(port, Buffer.concat([header, frame]))
}

/** A UDP datagram in IPv4 in a frame. */
export function datagram(addresses: Addresses, port = 9): Buffer {
  return ethernet('ipv4', ipv4(addresses, protocols.udp, udp(port)))
}

/** An IPv4 header that claims to be longer than its packet: the kernel's test run refuses one that really is cut. */
export function cutShort(addresses: Addresses): Buffer {
  const packet = ipv4(addresses, protocols.udp, Buffer.alloc(0))
  packet[0] = 0x4f
  return ethernet('ipv4', packet)
}
