import { AF_INET, AF_INET6, formatAddress, parsePrefix } from '@wireproof/netlink'
import type { Counters, FlowReason, FlowVerdict } from '../api.ts'
import { mapped, mappedPrefix } from '../mapped-address.ts'

/** The structs and numbers of bpf/include/wireproof.h. All integers are little-endian, as on every machine BPF runs here. */

export const hooks = ['from-pod', 'to-wire', 'from-wire', 'to-pod'] as const
export const verdicts = [
  'forwarded',
  'encrypted',
  'decrypted',
  'clear',
  'dropped',
] as const satisfies readonly FlowVerdict[]
export const reasons = [
  'same-node',
  'not-protected',
  'encryption-off',
  'protected',
  'clear-on-wire',
  'clear-from-wire',
  'wrong-node',
  'spoofed-source',
  'malformed',
  'not-configured',
  'unknown-node',
  'policy-denied',
  'out-of-scope',
  'exempt',
  'service',
] as const satisfies readonly FlowReason[]

export type Hook = (typeof hooks)[number]

/** `MARK_*`. */
export const markMask = 0xffff0fff
export const markEncrypt = 0x0e00
export const markDecrypted = 0x0d00
export const markAsked = 0x0c00
export const markUnsettled = 0x0b00
export const markUnjudged = 0x0a00
/** In which these two are like each other, and no other is like them. */
export const markUnsettledMask = 0x0e00
const MARK_NODE = { low: 0xff, shift: 8 } as const

/** `NODE_*`: numbers that an agent gives nodes, for itself only. */
export const nobody = 0
export const localNode = 1
/** As many bits as a mark has for it. */
export const largestNodeNumber = 0xff_ffff

/** `struct config`. Without READY nothing leaves or enters a pod. */
const CONFIG = { size: 4, encryptL3: 1, strict: 2, ready: 4, overlay: 8 } as const
const POD = { size: 32, ipv4: 0, ipv6: 16 } as const
const IPCACHE_KEY = { size: 20, prefixLength: 0, address: 4 } as const
const IPCACHE_VALUE = { size: 12, identity: 0, node: 4, flags: 8 } as const
const IPCACHE_FLAG = { isProtected: 1, isOutOfScope: 2, isNodeInScope: 4, isKeyless: 8 } as const
const ipcacheFlags = Object.keys(IPCACHE_FLAG) as (keyof typeof IPCACHE_FLAG)[]
const IPCACHE_SPI = { shift: 8, mask: 0xff_ffff } as const
const SERVICE_OF_PODS = 1
const EXEMPT_KEY = { size: 4, port: 0, protocol: 2 } as const
/** `struct flow_event`. */
export const FLOW_EVENT = {
  size: 80,
  time: 0,
  source: 8,
  destination: 24,
  packets: 40,
  bytes: 48,
  sourcePort: 56,
  destinationPort: 58,
  protocol: 60,
  hook: 61,
  verdict: 62,
  reason: 63,
  sourceIdentity: 64,
  destinationIdentity: 68,
  mark: 72,
  rule: 76,
} as const

const ADDRESS_SIZE = 16
const MAPPED_BITS = 96

/** The mark of a packet that an association of the node has decrypted. */
export function decryptedMarkOf(node: number): number {
  return numbered(markDecrypted, node)
}

/** The mark of a session in which this node was asked in clear, by one that it should have sent to under that SPI. */
export function askedMarkOf(spi: number): number {
  return numbered(markAsked, spi & IPCACHE_SPI.mask)
}

function numbered(kind: number, number: number): number {
  return (kind | (number & MARK_NODE.low) | ((number & ~MARK_NODE.low) << MARK_NODE.shift)) >>> 0
}

export interface DatapathConfig {
  readonly encryptL3: boolean
  readonly strict: boolean
  /** Whether packets between pods of different nodes go in VXLAN. */
  readonly overlay?: boolean
}

export function writeConfig(config: DatapathConfig): Buffer {
  const bytes = Buffer.alloc(CONFIG.size)
  const switches = ['encryptL3', 'strict', 'overlay'] as const
  const set = switches.filter((each) => config[each]).map((each) => CONFIG[each])
  bytes.writeUInt32LE(set.reduce((flags, flag) => flags | flag, CONFIG.ready as number))
  return bytes
}

/** `struct address`. */
export function writeAddress(address: string): Buffer {
  return mapped(parsePrefix(address).bytes)
}

/** `struct pod`. @param addresses at most one of each family. */
export function writePod(addresses: readonly string[]): Buffer {
  const bytes = Buffer.alloc(POD.size)
  for (const address of addresses) {
    const { family } = parsePrefix(address)
    writeAddress(address).copy(bytes, family === AF_INET ? POD.ipv4 : POD.ipv6)
  }
  return bytes
}

function readAddress(bytes: Buffer): string {
  return bytes.subarray(0, mappedPrefix.length).equals(mappedPrefix)
    ? formatAddress(AF_INET, bytes.subarray(mappedPrefix.length))
    : formatAddress(AF_INET6, bytes)
}

/** The key of the pods map: the index of the host's side of a pod's veth pair. */
export function writePodKey(device: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(device)
  return bytes
}

/** The key of the hosts map. @param prefix of a single address, such as `10.244.1.7/32`. */
export function writeHostKey(prefix: string): Buffer {
  return writeAddress(prefix)
}

/** @param prefix such as `10.244.1.0/24`; without a length, a single address. */
export function writeIpcacheKey(prefix: string): Buffer {
  const { bytes, length } = parsePrefix(prefix)
  const key = Buffer.alloc(IPCACHE_KEY.size)
  key.writeUInt32LE(bytes.length === ADDRESS_SIZE ? length : length + MAPPED_BITS, IPCACHE_KEY.prefixLength)
  mapped(bytes).copy(key, IPCACHE_KEY.address)
  return key
}

export function writeIpcacheValue(value: {
  readonly identity: number
  readonly node: number
  readonly isProtected: boolean
  readonly isOutOfScope?: boolean
  readonly isNodeInScope?: boolean
  readonly isKeyless?: boolean
  readonly spi?: number
}): Buffer {
  const bytes = Buffer.alloc(IPCACHE_VALUE.size)
  bytes.writeUInt32LE(value.identity, IPCACHE_VALUE.identity)
  bytes.writeUInt32LE(value.node, IPCACHE_VALUE.node)
  let flags = (value.spi ?? 0) << IPCACHE_SPI.shift
  for (const name of ipcacheFlags) if (value[name]) flags |= IPCACHE_FLAG[name]
  bytes.writeUInt32LE(flags >>> 0, IPCACHE_VALUE.flags)
  return bytes
}

/** The value of the services map, whose key is an address. */
export function writeServiceValue({ isOfPods }: { readonly isOfPods: boolean }): Buffer {
  return Buffer.from([isOfPods ? SERVICE_OF_PODS : 0])
}

/** The key of the exempt map. @param protocol by its number. */
export function writeExemptKey({ protocol, port }: { protocol: number; port: number }): Buffer {
  const bytes = Buffer.alloc(EXEMPT_KEY.size)
  bytes.writeUInt16LE(port, EXEMPT_KEY.port)
  bytes.writeUInt16LE(protocol, EXEMPT_KEY.protocol)
  return bytes
}

/** What the datapath says of a flow at a hook. */
export interface FlowEvent {
  /** Nanoseconds of the kernel's monotonic clock. */
  readonly time: bigint
  readonly source: string
  readonly destination: string
  /** Since the last event about this flow at this hook. */
  readonly packets: bigint
  readonly bytes: bigint
  /** 0 where the protocol has no ports, or the packet is a later fragment. */
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly hook: Hook
  readonly verdict: FlowVerdict
  readonly reason: FlowReason
  readonly sourceIdentity: number
  readonly destinationIdentity: number
  readonly mark: number
  /** Of the policy that decided; 0 where none did. */
  readonly rule: number
}

/** Copies what it needs: `bytes` may be a view of a ring buffer. */
export function readFlowEvent(bytes: Buffer): FlowEvent {
  if (bytes.length !== FLOW_EVENT.size)
    throw new RangeError(`a flow event has ${FLOW_EVENT.size} bytes, not ${bytes.length}: rebuild bpf/`)
  return {
    time: bytes.readBigUInt64LE(FLOW_EVENT.time),
    source: readAddress(bytes.subarray(FLOW_EVENT.source, FLOW_EVENT.source + ADDRESS_SIZE)),
    destination: readAddress(bytes.subarray(FLOW_EVENT.destination, FLOW_EVENT.destination + ADDRESS_SIZE)),
    packets: bytes.readBigUInt64LE(FLOW_EVENT.packets),
    bytes: bytes.readBigUInt64LE(FLOW_EVENT.bytes),
    sourcePort: bytes.readUInt16LE(FLOW_EVENT.sourcePort),
    destinationPort: bytes.readUInt16LE(FLOW_EVENT.destinationPort),
    protocol: bytes.readUInt8(FLOW_EVENT.protocol),
    hook: nameOf(hooks, bytes.readUInt8(FLOW_EVENT.hook)),
    verdict: nameOf(verdicts, bytes.readUInt8(FLOW_EVENT.verdict)),
    reason: nameOf(reasons, bytes.readUInt8(FLOW_EVENT.reason)),
    sourceIdentity: bytes.readUInt32LE(FLOW_EVENT.sourceIdentity),
    destinationIdentity: bytes.readUInt32LE(FLOW_EVENT.destinationIdentity),
    mark: bytes.readUInt32LE(FLOW_EVENT.mark),
    rule: bytes.readUInt32LE(FLOW_EVENT.rule),
  }
}

/** @throws RangeError for a number this agent has no name for. */
export function nameOf<Name extends string>(names: readonly Name[], index: number): Name {
  const name = names[index]
  if (name === undefined)
    throw new RangeError(`the datapath speaks of number ${index}, unknown here: rebuild bpf/`)
  return name
}

/** A map with a value for each CPU, such as BpfMap of libbpf. */
interface PerCpuMap {
  entriesPerCpu(): Iterable<readonly [key: Buffer, values: readonly Buffer[]]>
}

/** All counters that are not zero, summed over CPUs, by `hook/verdict/reason`. */
export function readCounters(map: PerCpuMap): Counters {
  const counters: Record<string, Counters[string]> = {}
  for (const [key, values] of map.entriesPerCpu()) {
    const packets = sum(values, 0)
    if (packets > 0) counters[counterName(key.readUInt32LE())] = { packets, bytes: sum(values, 8) }
  }
  return counters
}

/** Events that found the ring full: flows of which less was told than happened. */
export function readLost(map: PerCpuMap): number {
  let lost = 0
  for (const [, values] of map.entriesPerCpu()) lost += sum(values, 0)
  return lost
}

/** The name of an index into the counters map. */
export function counterName(index: number): string {
  const reason = nameOf(reasons, index % reasons.length)
  const rest = Math.floor(index / reasons.length)
  const verdict = nameOf(verdicts, rest % verdicts.length)
  return `${nameOf(hooks, Math.floor(rest / verdicts.length))}/${verdict}/${reason}`
}

function sum(values: readonly Buffer[], offset: number): number {
  return Number(values.reduce((total, value) => total + value.readBigUInt64LE(offset), 0n))
}
