import { formatIpv4, formatIpv6, formatMac } from '../address.ts'
import { LinkType } from '../link-type.ts'
import type { Problem } from '../problem.ts'
import type { Arp, Esp, Ethernet, Fragment, Icmp, Ipv4, Ipv6, Tcp, Udp, Vlan } from './headers.ts'
import { Layers } from './layers.ts'
import { EtherType, walkLink } from './link.ts'
import { walkIpv4, walkIpv6 } from './network.ts'
import { Protocol, walkTransport } from './transport.ts'

function walk(data: Buffer, linkType: number): Layers {
  const layers = new Layers()
  layers.end = data.length
  walkLink(data, linkType, layers)
  if (layers.network < 0) return layers
  layers.payload = layers.network
  if (layers.etherType === EtherType.ipv4) walkIpv4(data, layers)
  else if (layers.etherType === EtherType.ipv6) walkIpv6(data, layers)
  if (layers.transport >= 0) walkTransport(data, layers)
  return layers
}

/** One captured frame. Headers are decoded when asked for; a header that is absent or not whole is `undefined`. */
export class Frame {
  readonly data: Buffer
  readonly linkType: number
  /** Where each header is; found by one walk at construction, without decoding any. */
  readonly layers: Layers

  constructor(data: Buffer, linkType: number) {
    this.data = data
    this.linkType = linkType
    this.layers = walk(data, linkType)
  }

  /** The first thing that is wrong with the frame; what was decoded before it still holds. */
  get problem(): Problem | undefined {
    return this.layers.problem
  }

  get ethernet(): Ethernet | undefined {
    if (this.linkType !== LinkType.ethernet || this.layers.network < 0) return undefined
    const { data } = this
    return {
      source: formatMac(data, 6),
      destination: formatMac(data, 0),
      etherType: this.layers.etherType,
    }
  }

  /** The outermost VLAN tag. */
  get vlan(): Vlan | undefined {
    if (this.layers.network < 0 || this.layers.vlan < 0) return undefined
    const control = this.data.readUInt16BE(this.layers.vlan)
    return { id: control & 0xfff, priority: control >> 13 }
  }

  /** ARP for IPv4 over Ethernet. */
  get arp(): Arp | undefined {
    const { data } = this
    const start = this.layers.network
    if (this.layers.etherType !== EtherType.arp || data.length < start + 28) return undefined
    if (data.readUInt16BE(start + 2) !== EtherType.ipv4 || data[start + 4] !== 6 || data[start + 5] !== 4)
      return undefined
    return {
      operation: data.readUInt16BE(start + 6),
      senderMac: formatMac(data, start + 8),
      senderAddress: formatIpv4(data, start + 14),
      targetMac: formatMac(data, start + 18),
      targetAddress: formatIpv4(data, start + 24),
    }
  }

  /** Set when this is a piece of a packet: only the first piece has a transport header. */
  get fragment(): Fragment | undefined {
    const { fragmentId, fragmentOffset, moreFragments } = this.layers
    if (fragmentOffset === 0 && !moreFragments) return undefined
    return { id: fragmentId, offset: fragmentOffset, more: moreFragments }
  }

  get ipv4(): Ipv4 | undefined {
    const { data, layers, fragment } = this
    if (layers.version !== 4) return undefined
    const start = layers.network
    return {
      source: formatIpv4(data, start + 12),
      destination: formatIpv4(data, start + 16),
      protocol: data[start + 9]!,
      ttl: data[start + 8]!,
      dscp: data[start + 1]! >> 2,
      id: data.readUInt16BE(start + 4),
      dontFragment: (data[start + 6]! & 0x40) !== 0,
      totalLength: data.readUInt16BE(start + 2),
      options: data.subarray(start + 20, start + layers.ipv4HeaderLength),
      ...(fragment && { fragment }),
    }
  }

  get ipv6(): Ipv6 | undefined {
    const { data, layers, fragment } = this
    if (layers.version !== 6) return undefined
    const start = layers.network
    return {
      source: formatIpv6(data, start + 8),
      destination: formatIpv6(data, start + 24),
      protocol: layers.protocol,
      hopLimit: data[start + 7]!,
      flowLabel: data.readUInt32BE(start) & 0xfffff,
      payloadLength: data.readUInt16BE(start + 4),
      ...(fragment && { fragment }),
    }
  }

  /** Source address of the IP packet, of either version. */
  get source(): string | undefined {
    const { version, network } = this.layers
    if (version === 4) return formatIpv4(this.data, network + 12)
    return version === 6 ? formatIpv6(this.data, network + 8) : undefined
  }

  /** Destination address of the IP packet, of either version. */
  get destination(): string | undefined {
    const { version, network } = this.layers
    if (version === 4) return formatIpv4(this.data, network + 16)
    return version === 6 ? formatIpv6(this.data, network + 24) : undefined
  }

  /** The IP packet from its first header on, without the padding of the link. */
  get ip(): Buffer | undefined {
    const { version, network, end } = this.layers
    return version === 0 ? undefined : this.data.subarray(network, end)
  }

  get tcp(): Tcp | undefined {
    const { data } = this
    const start = this.layers.transport
    if (this.layers.protocol !== Protocol.tcp || start < 0) return undefined
    const flags = data[start + 13]!
    return {
      sourcePort: data.readUInt16BE(start),
      destinationPort: data.readUInt16BE(start + 2),
      sequence: data.readUInt32BE(start + 4),
      acknowledgement: data.readUInt32BE(start + 8),
      flags: {
        fin: (flags & 1) !== 0,
        syn: (flags & 2) !== 0,
        rst: (flags & 4) !== 0,
        psh: (flags & 8) !== 0,
        ack: (flags & 16) !== 0,
      },
      window: data.readUInt16BE(start + 14),
      options: data.subarray(start + 20, this.layers.payload),
    }
  }

  get udp(): Udp | undefined {
    const { data } = this
    const start = this.layers.transport
    if (this.layers.protocol !== Protocol.udp || start < 0) return undefined
    return {
      sourcePort: data.readUInt16BE(start),
      destinationPort: data.readUInt16BE(start + 2),
      length: data.readUInt16BE(start + 4),
    }
  }

  get icmp(): Icmp | undefined {
    const { data } = this
    const { transport: start, protocol } = this.layers
    if ((protocol !== Protocol.icmp && protocol !== Protocol.icmpv6) || start < 0) return undefined
    return {
      version: protocol === Protocol.icmp ? 4 : 6,
      type: data[start]!,
      code: data[start + 1]!,
      identifier: data.readUInt16BE(start + 4),
      sequence: data.readUInt16BE(start + 6),
    }
  }

  get esp(): Esp | undefined {
    const start = this.layers.esp
    if (start < 0) return undefined
    return {
      spi: this.data.readUInt32BE(start),
      sequence: this.data.readUInt32BE(start + 4),
      inUdp: this.layers.protocol === Protocol.udp,
      data: this.data.subarray(start, this.layers.end),
    }
  }

  /** The frame within a VXLAN datagram or the packet within an IP-in-IP one; it has offsets of its own. */
  get inner(): Frame | undefined {
    const { inner, innerLinkType, end } = this.layers
    return inner < 0 ? undefined : new Frame(this.data.subarray(inner, end), innerLinkType)
  }

  /** What the innermost decoded header of this frame carries. */
  get payload(): Buffer {
    const { payload, end } = this.layers
    return payload < 0 ? this.data.subarray(0, 0) : this.data.subarray(payload, end)
  }
}

/**
 * Decodes one captured frame.
 *
 * @param linkType by number, as in the capture file: see {@link LinkType}. Of an unknown one all is `payload`.
 */
export function decode(data: Buffer, linkType: number): Frame {
  return new Frame(data, linkType)
}

/** Decodes an IP packet without a link header, such as one that came out of a tunnel. */
export function decodeIp(data: Buffer): Frame {
  return new Frame(data, LinkType.raw)
}
