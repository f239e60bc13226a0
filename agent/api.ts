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
  readonly algorithm: 'rfc4106(gcm(aes))'
  /** Hex: the AES key and the four salt bytes after it (RFC 4106 section 8.1). */
  readonly key: string
  readonly icvBits: number
  /** What the kernel counted: packets, and bytes of inner packets (not of ESP). */
  readonly packets: number
  readonly bytes: number
  /** The last sequence number sent, or the highest received. */
  readonly sequence: number
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

/** Something the datapath decided about packets of one flow. */
export interface Flow {
  /** Nanoseconds since the epoch, as a decimal string. */
  readonly time: string
  /** Whose agent tells it. */
  readonly node: string
  readonly hook: 'from-pod' | 'to-wire' | 'from-wire' | 'to-pod'
  readonly protocol: 'icmp' | 'tcp' | 'udp' | 'esp' | `ip-${number}`
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly sourcePod?: string
  readonly destinationPod?: string
  /** Where the ends live: the pod's node, or the node whose own address it is. */
  readonly sourceNode?: string
  readonly destinationNode?: string
  /** Of the labels below: pods with the same labels have the same identity. */
  readonly sourceIdentity?: number
  readonly destinationIdentity?: number
  readonly sourceLabels?: Labels
  readonly destinationLabels?: Labels
  readonly verdict: FlowVerdict
  /** Why; where the flow is not encrypted, why not. */
  readonly reason: FlowReason
  readonly encrypted: boolean
  /** Id of the cluster key behind the SA that protects it; absent where the agent cannot know which one it was. */
  readonly epoch?: number
  /** Packets and bytes of the flow at this hook since the last event about it. */
  readonly packets: number
  readonly bytes: number
}

export type Labels = Readonly<Record<string, string>>

/**
 * That events are missing: told in their place, so that a gap is never silent. `ring`: the kernel found its buffer full.
 * `history`: they are older than what the agent still remembers. `reader`: whoever reads was too slow for the stream.
 */
export interface FlowLoss {
  /** As of Flow: when it was noticed. */
  readonly time: string
  readonly node: string
  readonly where: 'ring' | 'history' | 'reader'
  /** How many. */
  readonly lost: number
}

export type FlowRecord = Flow | FlowLoss

export function isLoss(record: FlowRecord): record is FlowLoss {
  return 'lost' in record
}

/**
 * Packets and bytes by what was decided where since the agent started, such as `to-wire/dropped/clear-on-wire`. A new
 * agent begins with new maps, at zero.
 */
export type Counters = Readonly<Record<string, { readonly packets: number; readonly bytes: number }>>

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
}

/** What is told of a pod whose veth pair has just been made, still down: what a CNI plugin would say. */
export interface PodAttachment {
  /** Name of the host side of the veth pair, in the node's namespace. */
  readonly device: string
  readonly address: string
}
