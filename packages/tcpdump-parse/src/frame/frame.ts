import { formatIpv4, formatIpv6, formatMac } from '../address.ts'
import { LinkType } from '../link-type.ts'
import type { Problem } from '../problem.ts'
import type {
  Ah,
  Arp,
  Esp,
  Ethernet,
  Fragment,
  Icmp,
  Ipv4,
  Ipv6,
  NatTraversal,
  Overlay,
  Tcp,
  TlsRecord,
  Udp,
  Vlan,
  WireGuard,
} from './headers.ts'
import { Carrier, Layers } from './layers.ts'
import { EtherType } from './link.ts'
import { tlsRecords } from './tls.ts'
import { ESP_IN_UDP, Protocol } from './transport.ts'
import { walk } from './walk.ts'
import { wireGuardMessage } from './wireguard.ts'

/** One captured frame. Headers are decoded when asked for; a header that is absent or not whole is `undefined`. */
export class Frame {
  readonly data: Buffer
  readonly linkType: number
  /** Where each header is; found by one walk at construction, without decoding any. */
  readonly layers: Layers

  constructor(data: Buffer, linkType: number) {
    this.data = data
    this.linkType = linkType
    this.layers = new Layers()
    walk(data, 0, data.length, linkType, this.layers)
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

  /** VLAN tags (IEEE 802.1Q), the outermost first; more than one where providers stack them (QinQ). */
  get vlans(): readonly Vlan[] {
    const { network, vlan, vlans } = this.layers
    if (network < 0) return []
    return Array.from({ length: vlans }, (_, index) => {
      const control = this.data.readUInt16BE(vlan + 4 * index)
      return { id: control & 0xfff, priority: control >> 13 }
    })
  }

  /** The outermost VLAN tag. */
  get vlan(): Vlan | undefined {
    return this.vlans[0]
  }

  /** ARP for IPv4 over Ethernet (RFC 826). */
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

  /** Set when this is a piece of a packet: only the first piece has a transport header. See `Defragmenter`. */
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
      ecn: data[start + 1]! & 3,
      id: data.readUInt16BE(start + 4),
      dontFragment: (data[start + 6]! & 0x40) !== 0,
      totalLength: data.readUInt16BE(start + 2),
      checksum: data.readUInt16BE(start + 10),
      options: data.subarray(start + 20, start + layers.networkHeaderLength),
      ...(fragment && { fragment }),
    }
  }

  get ipv6(): Ipv6 | undefined {
    const { data, layers, fragment } = this
    if (layers.version !== 6) return undefined
    const start = layers.network
    const first = data.readUInt32BE(start)
    return {
      source: formatIpv6(data, start + 8),
      destination: formatIpv6(data, start + 24),
      protocol: layers.protocol,
      hopLimit: data[start + 7]!,
      trafficClass: (first >>> 20) & 0xff,
      flowLabel: first & 0xfffff,
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

  get ah(): Ah | undefined {
    const { data, layers } = this
    const start = layers.ah
    if (start < 0) return undefined
    return {
      nextHeader: data[start]!,
      spi: data.readUInt32BE(start + 4),
      sequence: data.readUInt32BE(start + 8),
      icv: data.subarray(start + 12, start + (data[start + 1]! + 2) * 4),
    }
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
        urg: (flags & 32) !== 0,
        ece: (flags & 64) !== 0,
        cwr: (flags & 128) !== 0,
      },
      window: data.readUInt16BE(start + 14),
      checksum: data.readUInt16BE(start + 16),
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
      checksum: data.readUInt16BE(start + 6),
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
      checksum: data.readUInt16BE(start + 2),
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

  /** Of a datagram of port 4500: ESP, IKE behind its marker of four zero bytes, or a keepalive. */
  get natTraversal(): NatTraversal | undefined {
    const { udp } = this
    if (!udp || (udp.sourcePort !== ESP_IN_UDP && udp.destinationPort !== ESP_IN_UDP)) return undefined
    if (this.layers.esp >= 0) return 'esp'
    const content = this.data.subarray(this.layers.transport + 8, this.layers.end)
    if (content.length === 1 && content[0] === 0xff) return 'keepalive'
    return content.length >= 4 && content.readUInt32BE(0) === 0 ? 'ike' : undefined
  }

  /** The VXLAN or Geneve header before `inner`. */
  get overlay(): Overlay | undefined {
    const { carrier, transport, inner } = this.layers
    if (carrier !== Carrier.vxlan && carrier !== Carrier.geneve) return undefined
    const start = transport + 8
    return {
      kind: carrier === Carrier.vxlan ? 'vxlan' : 'geneve',
      vni: this.data.readUIntBE(start + 4, 3),
      options: this.data.subarray(start + 8, inner),
    }
  }

  /** A WireGuard message, where a datagram has the form of one. */
  get wireGuard(): WireGuard | undefined {
    return this.udp && wireGuardMessage(this.payload)
  }

  /** Headers of TLS records, where a segment's payload begins with one. */
  get tls(): readonly TlsRecord[] {
    return this.layers.protocol === Protocol.tcp && this.layers.transport >= 0 ? tlsRecords(this.payload) : []
  }

  /** The frame within a VXLAN or Geneve datagram or the packet within an IP-in-IP one; it has offsets of its own. */
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
