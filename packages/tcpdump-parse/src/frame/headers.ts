/** Decoded headers, as plain objects. Addresses are text; MAC addresses in lower case with colons. */

/** IEEE 802.3, without its frame check sequence. */
export interface Ethernet {
  readonly source: string
  readonly destination: string
  /** Of what follows the VLAN tags. */
  readonly etherType: number
}

/** A tag of IEEE 802.1Q. */
export interface Vlan {
  /** 0 to 4095. */
  readonly id: number
  /** 0 to 7. */
  readonly priority: number
}

/** ARP for IPv4 over Ethernet (RFC 826). */
export interface Arp {
  /** 1 request, 2 reply. */
  readonly operation: number
  readonly senderMac: string
  readonly senderAddress: string
  readonly targetMac: string
  readonly targetAddress: string
}

/** A packet cut into pieces; `offset` is where this piece belongs, in bytes. */
export interface Fragment {
  readonly id: number
  readonly offset: number
  readonly more: boolean
}

/** RFC 791. */
export interface Ipv4 {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly ttl: number
  readonly dscp: number
  readonly ecn: number
  readonly id: number
  readonly dontFragment: boolean
  /** In bytes, with the header, as it stands there; 0 in packets that the device is to segment. */
  readonly totalLength: number
  /** As it stands in the header, right or wrong. */
  readonly checksum: number
  readonly options: Buffer
  readonly fragment?: Fragment
}

/** RFC 8200. */
export interface Ipv6 {
  readonly source: string
  readonly destination: string
  /** Of the header after all extension headers. */
  readonly protocol: number
  readonly hopLimit: number
  readonly trafficClass: number
  readonly flowLabel: number
  /** In bytes, with all extension headers, as it stands there; 0 in a jumbogram (RFC 2675). */
  readonly payloadLength: number
  readonly fragment?: Fragment
}

/** RFC 9293. */
export interface Tcp {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  readonly flags: {
    readonly fin: boolean
    readonly syn: boolean
    readonly rst: boolean
    readonly psh: boolean
    readonly ack: boolean
    readonly urg: boolean
    readonly ece: boolean
    readonly cwr: boolean
  }
  readonly window: number
  readonly checksum: number
  readonly options: Buffer
}

/** RFC 768. */
export interface Udp {
  readonly sourcePort: number
  readonly destinationPort: number
  /** In bytes, with the header, as it stands there. */
  readonly length: number
  readonly checksum: number
}

/** ICMP (RFC 792) and ICMPv6 (RFC 4443); identifier and sequence have a meaning in echo messages only. */
export interface Icmp {
  readonly version: 4 | 6
  readonly type: number
  readonly code: number
  readonly checksum: number
  readonly identifier: number
  readonly sequence: number
}

/** RFC 4303. */
export interface Esp {
  readonly spi: number
  /** The 32 bits that are on the wire. */
  readonly sequence: number
  /** Carried in UDP (RFC 3948). */
  readonly inUdp: boolean
  /** From the SPI to the end of the ICV. */
  readonly data: Buffer
}

/** The authentication header, RFC 4302. Its ICV is not checked. */
export interface Ah {
  readonly spi: number
  readonly sequence: number
  readonly nextHeader: number
  readonly icv: Buffer
}

/** What a datagram of port 4500 is (RFC 3948 section 2). */
export type NatTraversal = 'esp' | 'ike' | 'keepalive'

/** A tunnel header in UDP: VXLAN (RFC 7348) or Geneve (RFC 8926); what it carries is the frame's `inner`. */
export interface Overlay {
  readonly kind: 'vxlan' | 'geneve'
  readonly vni: number
  /** Geneve's options. */
  readonly options: Buffer
}

/** A WireGuard message, by its form: there is no port that all use. */
export interface WireGuard {
  readonly type: 'initiation' | 'response' | 'cookie' | 'data'
  /** The index under which its receiver knows the session. */
  readonly receiver: number
  /** Of data: the nonce's counter. */
  readonly counter?: bigint
}

/** The header of a TLS record (RFC 8446 section 5.1) that begins in a segment. */
export interface TlsRecord {
  /** 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data, 24 heartbeat. */
  readonly type: number
  /** Such as 0x0303; later versions than TLS 1.2 say 1.2 here. */
  readonly version: number
  /** Of the record's content, in bytes. */
  readonly length: number
  /** In bytes from the start of the segment's payload. */
  readonly offset: number
  /** Whether all of it is in this segment. */
  readonly whole: boolean
}
