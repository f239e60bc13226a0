/** Decoded headers, as plain objects. Addresses are text; MAC addresses in lower case with colons. */

export interface Ethernet {
  readonly source: string
  readonly destination: string
  /** Of what follows the VLAN tags. */
  readonly etherType: number
}

export interface Vlan {
  readonly id: number
  readonly priority: number
}

export interface Arp {
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

export interface Ipv4 {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly ttl: number
  readonly dscp: number
  readonly id: number
  readonly dontFragment: boolean
  readonly totalLength: number
  readonly options: Buffer
  readonly fragment?: Fragment
}

export interface Ipv6 {
  readonly source: string
  readonly destination: string
  /** Of the header after all extension headers. */
  readonly protocol: number
  readonly hopLimit: number
  readonly flowLabel: number
  readonly payloadLength: number
  readonly fragment?: Fragment
}

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
  }
  readonly window: number
  readonly options: Buffer
}

export interface Udp {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly length: number
}

/** ICMP and ICMPv6; identifier and sequence have a meaning in echo messages only. */
export interface Icmp {
  readonly version: 4 | 6
  readonly type: number
  readonly code: number
  readonly identifier: number
  readonly sequence: number
}

export interface Esp {
  readonly spi: number
  readonly sequence: number
  /** Carried in UDP (RFC 3948). */
  readonly inUdp: boolean
  /** From the SPI to the end of the ICV. */
  readonly data: Buffer
}
