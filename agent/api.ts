/** What an agent serves on its Unix socket, and what flows and security associations look like to everyone. */

/** Which way a security association protects, seen from the node it was read on. */
export type Direction = 'in' | 'out'

/** One IPsec security association as the kernel holds it, with its key: handle as a secret. */
export interface SecurityAssociation {
  readonly node: string
  readonly direction: Direction
  /** Outer addresses. */
  readonly source: string
  readonly destination: string
  readonly spi: number
  /** What policies name it by. */
  readonly reqid: number
  readonly mode: 'tunnel' | 'transport'
  /** The kernel's name for its cipher. */
  readonly algorithm: 'rfc4106(gcm(aes))' | 'rfc7539esp(chacha20,poly1305)' | 'cbc(aes)'
  /** Hex: the cipher's key, with the four salt bytes after it where it has them (RFC 4106 section 8.1, RFC 7634 section 2). */
  readonly key: string
  readonly icvBits: number
  /** What authenticates where the cipher does not; its key in hex. */
  readonly integrity?: { readonly algorithm: 'hmac(sha256)'; readonly key: string }
  /** Whether sequence numbers have 64 bits, of which the lower 32 are sent (RFC 4303 section 2.2.1). */
  readonly esn: boolean
  /** What the kernel counted: packets, and bytes of inner packets (not of ESP). */
  readonly packets: number
  readonly bytes: number
  /** The last sequence number sent, or the highest received; up to 64 bits, as a decimal string. */
  readonly sequence: string
}

export type FlowVerdict = 'forwarded' | 'encrypted' | 'decrypted' | 'clear' | 'dropped'

export type FlowReason =
  | 'same-node'
  | 'not-protected'
  | 'encryption-off'
  | 'protected'
  | 'clear-on-wire'
  | 'clear-from-wire'
  | 'wrong-node'
  | 'spoofed-source'
  | 'malformed'
  | 'not-configured'
  | 'unknown-node'
  | 'policy-denied'

/** Something the datapath decided about packets of one flow. */
export interface Flow {
  /** Nanoseconds since the epoch, as a decimal string. */
  readonly time: string
  readonly node: string
  readonly hook: 'from-pod' | 'to-wire' | 'from-wire' | 'to-pod'
  readonly protocol: 'icmp' | 'tcp' | 'udp' | 'esp' | `ip-${number}`
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly sourcePod?: string
  readonly destinationPod?: string
  readonly verdict: FlowVerdict
  readonly reason: FlowReason
  /** Of the network policy that decided, such as `default/web/ingress/0`; without a number where no rule allowed it. */
  readonly rule?: string
  readonly encrypted: boolean
  /** Packets and bytes of the flow at this hook since the last event about it. */
  readonly packets: number
  readonly bytes: number
}

/**
 * Packets and bytes by what was decided where since the agent started, such as `to-wire/dropped/clear-on-wire`. A new
 * agent begins with new maps, at zero.
 */
export type Counters = Readonly<Record<string, { readonly packets: number; readonly bytes: number }>>

/** The sessions of this node's pods that the datapath remembers, so that replies pass. */
export interface SessionUse {
  readonly entries: number
  readonly capacity: number
  /** Since the agent started. */
  readonly begun: number
  /** Forgotten for want of room, the longest silent first: a reply to one is judged as if nobody had asked. */
  readonly evicted: number
  /** Never remembered, as no room could be made. */
  readonly refused: number
}

export interface AgentStatus {
  readonly node: string
  readonly pid: number
  readonly encryptL3: boolean
  readonly strict: boolean
  /** Whether the kernel is what the cluster store, when it was last read, asks for. */
  readonly settled: boolean
  /** Why it is not; empty when it is. */
  readonly waiting: readonly string[]
  /** Why the last attempt failed, when it did. */
  readonly problem?: string
  readonly peers: readonly {
    readonly node: string
    readonly outboundSpi: number
    readonly inboundSpi: number
  }[]
  readonly pods: readonly string[]
  readonly counters: Counters
  readonly sessions: SessionUse
}

/** What is told of a pod whose veth pair has just been made, still down: what a CNI plugin would say. */
export interface PodAttachment {
  /** Name of the host side of the veth pair, in the node's namespace. */
  readonly device: string
  /** At most one of each family. */
  readonly addresses: readonly string[]
}
