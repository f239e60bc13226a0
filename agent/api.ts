/** What an agent serves on its Unix socket, and what flows and security associations look like to everyone. */

import type { Routing } from './plan/overlay.ts'

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

export const flowVerdicts = ['forwarded', 'encrypted', 'decrypted', 'clear', 'dropped'] as const

export type FlowVerdict = (typeof flowVerdicts)[number]

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
  | 'out-of-scope'
  | 'exempt'
  | 'service'

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
  /** Of the network policy that decided, such as `default/web/ingress/0`; without a number where no rule allowed it. */
  readonly rule?: string
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

/** What an agent knows of another node. */
export interface PeerStatus {
  readonly node: string
  /** Of the associations in use; absent while the peer's agent has never run. */
  readonly outboundSpi?: number
  readonly inboundSpi?: number
  /** Ids of the cluster keys that this node sends under and receives under. */
  readonly outboundEpoch?: number
  readonly inboundEpoch?: number
  /** Whether the kernel holds them. */
  readonly sends: boolean
  readonly receives: boolean
  /** Why packets to it are dropped, or still leave under earlier keys. */
  readonly waiting?: string
  /** When the latest packet from it was decrypted, ISO 8601 to the second; absent for never under these keys. */
  readonly lastDecrypted?: string
}

export interface AgentStatus {
  readonly node: string
  readonly pid: number
  /** When this agent began, ISO 8601: what happened before it does not know. */
  readonly started: string
  /** What its associations encrypt with, such as `aes-gcm-128`; absent while there is none. */
  readonly suite?: string
  /** Why this kernel cannot encrypt, when it cannot: what is protected is held back. */
  readonly obstacle?: string
  /** How packets get to pods of other nodes; native where absent. */
  readonly routing?: Routing
  readonly encryptL3: boolean
  readonly strict: boolean
  /** Whether the kernel is what the cluster store, when it was last read, asks for. */
  readonly settled: boolean
  /** Why it is not; empty when it is. */
  readonly waiting: readonly string[]
  /** Why the last attempt failed, when it did. */
  readonly problem?: string
  /** What is wrong with the cluster store, one sentence each; what it said before still counts. */
  readonly problems: readonly string[]
  /** What a person should know and may be as it should be, one sentence each: nothing is refused for it. */
  readonly notices: readonly string[]
  /** Id of the cluster key, and since when the oldest association under it is in the kernel, ISO 8601. */
  readonly key: { readonly id: number; readonly since?: string }
  /** Every other node of the cluster. */
  readonly peers: readonly PeerStatus[]
  readonly pods: readonly string[]
  readonly counters: Counters
  readonly sessions: SessionUse
  /** The highest sequence number that an association of this node has sent, and the last one it could. */
  readonly sequence: { readonly highest: number; readonly limit: number }
  /** Packets that the kernel's IPsec has refused, by its own names of /proc/net/xfrm_stat; those that are not zero. */
  readonly refused: Readonly<Record<string, number>>
  /** Flow events since the agent began: told, remembered still, and lost. */
  readonly events: { readonly told: number; readonly remembered: number; readonly lost: number }
}

/** What is told of a pod whose veth pair has just been made, still down: what a CNI plugin would say. */
export interface PodAttachment {
  /** Name of the host side of the veth pair, in the node's namespace. */
  readonly device: string
  /** At most one of each family. */
  readonly addresses: readonly string[]
}
