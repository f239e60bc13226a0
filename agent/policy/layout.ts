import { parsePrefix } from '@wireproof/netlink'
import { mapped } from '../mapped-address.ts'
import type { PolicyDirection } from './network-policy.ts'

/** The structs and numbers of bpf/include/policy.h and conntrack.h. All integers are little-endian, but for the port. */

const POD_POLICY = { size: 16, set: 0, isolated: 4, isolatingRule: 8 } as const
const POLICY_KEY = {
  size: 16,
  prefixLength: 0,
  set: 4,
  remote: 8,
  scope: 12,
  protocol: 13,
  port: 14,
} as const
const CIDR_KEY = { size: 28, prefixLength: 0, set: 4, direction: 8, address: 12 } as const
const SESSION_COUNTS = { begun: 0, refused: 8 } as const

/** `enum direction` and `enum peer`. */
export const directions = ['ingress', 'egress'] as const satisfies readonly PolicyDirection[]
export const peers = ['anyone', 'identity', 'cidr'] as const

/** Numbers of IANA; those that NetworkPolicy knows. */
export const protocolNumbers = { TCP: 6, UDP: 17, SCTP: 132 } as const

const SCOPE_BITS = 72
const PROTOCOL_BITS = 80
const CIDR_BITS = 64
const ADDRESS_BITS = 128

/** Ports of one length of prefix: 16 for one port, 0 for all. */
export interface PortPrefix {
  readonly port: number
  readonly length: number
}

/** What a session must be to begin. */
export interface Allowance {
  readonly direction: PolicyDirection
  readonly peer: (typeof peers)[number]
  /** An identity or a class of addresses; 0 for anyone. */
  readonly remote: number
  /** Absent: whatever the protocol. */
  readonly protocol?: number
  readonly ports?: PortPrefix
}

export function writePodPolicy(policy: {
  readonly set: number
  readonly isolated: readonly PolicyDirection[]
  readonly isolatingRule: Readonly<Record<PolicyDirection, number>>
}): Buffer {
  const bytes = Buffer.alloc(POD_POLICY.size)
  const flags = policy.isolated.reduce((sum, direction) => sum | (1 << directions.indexOf(direction)), 0)
  bytes.writeUInt32LE(policy.set, POD_POLICY.set)
  bytes.writeUInt32LE(flags, POD_POLICY.isolated)
  directions.forEach((direction, index) => {
    bytes.writeUInt32LE(policy.isolatingRule[direction], POD_POLICY.isolatingRule + 4 * index)
  })
  return bytes
}

export function writePolicyKey(set: number, { direction, peer, remote, protocol, ports }: Allowance): Buffer {
  const key = Buffer.alloc(POLICY_KEY.size)
  const length = protocol === undefined ? SCOPE_BITS : PROTOCOL_BITS + (ports?.length ?? 0)
  key.writeUInt32LE(length, POLICY_KEY.prefixLength)
  key.writeUInt32LE(set, POLICY_KEY.set)
  key.writeUInt32LE(remote, POLICY_KEY.remote)
  key.writeUInt8(directions.indexOf(direction) * peers.length + peers.indexOf(peer), POLICY_KEY.scope)
  key.writeUInt8(protocol ?? 0, POLICY_KEY.protocol)
  key.writeUInt16BE(ports?.port ?? 0, POLICY_KEY.port)
  return key
}

/** @param prefix such as `10.0.0.0/8` or `fd00::/8`. */
export function writeCidrKey(set: number, direction: PolicyDirection, prefix: string): Buffer {
  const { bytes, length } = parsePrefix(prefix)
  const address = mapped(bytes)
  const key = Buffer.alloc(CIDR_KEY.size)
  key.writeUInt32LE(CIDR_BITS + length + ADDRESS_BITS - bytes.length * 8, CIDR_KEY.prefixLength)
  key.writeUInt32LE(set, CIDR_KEY.set)
  key.writeUInt32LE(directions.indexOf(direction), CIDR_KEY.direction)
  address.copy(key, CIDR_KEY.address)
  return key
}

/** A rule, or a class of addresses: what both maps hold. */
export function writeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function readSessionCounts(perCpu: readonly Buffer[]): { begun: number; refused: number } {
  const sum = (offset: number) =>
    Number(perCpu.reduce((total, value) => total + value.readBigUInt64LE(offset), 0n))
  return { begun: sum(SESSION_COUNTS.begun), refused: sum(SESSION_COUNTS.refused) }
}
