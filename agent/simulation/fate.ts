import { parsePrefix, type XfrmPolicy, type XfrmStateOptions } from '@wireproof/netlink'
import { localNode, markAsked, nobody } from '../kernel/datapath-layout.ts'
import type { IpcacheEntry } from '../plan/ipcache.ts'
import { encryptMark, unsettledMark } from '../plan/marks.ts'
import { overlayDevice } from '../plan/overlay.ts'
import { peerOf } from '../plan/ownership.ts'
import { contains } from '../plan/prefix.ts'
import type { Exemption } from '../scope/encryption-policy.ts'
import type { SimulatedKernel } from './simulated-node.ts'

/** A packet that somebody on a node sends to somebody on another. */
export interface Packet {
  readonly from: 'pod' | 'node'
  readonly source: string
  readonly destination: string
  /** The address that a pod sent it to, where netfilter has given it another since. */
  readonly sentTo?: string
  readonly protocol: Exemption['protocol']
  readonly sourcePort: number
  readonly destinationPort: number
  /** Of the socket that it comes from, where that has one. */
  readonly mark?: number
}

/** What becomes of it: on the wire as it is, sealed with an association, or not on the wire at all. */
export type Fate = 'clear' | 'held' | XfrmStateOptions

type Endpoint = Partial<IpcacheEntry>

const protocols = { TCP: 6, UDP: 17, SCTP: 132 } as const
const kindBits = 0x0f00

/** What from_pod, to_peer, XFRM and to_wire would do with a packet, one after the other; bpf/ has all but XFRM. */
export function fateOf(kernel: SimulatedKernel, packet: Packet): Fate {
  const source = endpointAt(kernel, packet.source)
  const destination = endpointAt(kernel, packet.destination)
  const mark = packet.from === 'pod' ? markOfPod(kernel, packet, source, destination) : (packet.mark ?? 0)
  if (mark === 'held') return 'held'
  const carrier = carrierOf(kernel, packet)
  const policy = outboundPolicy(kernel, packet, mark) ?? (carrier && outboundPolicy(kernel, carrier, mark))
  if (policy && !policy.template!.optional) return associationOf(kernel, policy) ?? 'held'
  return leavesWire(kernel, packet, mark, source, destination) ? 'clear' : 'held'
}

/** Whether a node takes what was sealed with an association, once its own of the same SPI has opened it. */
export function accepts(kernel: SimulatedKernel, opener: XfrmStateOptions, packet: Packet): boolean {
  const source = endpointAt(kernel, packet.source)
  const destination = endpointAt(kernel, packet.destination)
  const direction = destination.isProtected ? 'fwd' : 'in'
  const isInVxlan = kernel.overlay !== undefined && source.isProtected && destination.isProtected
  const judged = isInVxlan
    ? ({ direction: 'in', packet: carrierBetween(opener) } as const)
    : { direction, packet }
  return (
    isGuarded(source) &&
    source.node === peerOf(opener.reqid) &&
    isGuarded(destination) &&
    destination.node === localNode &&
    [...kernel.policies.values()].some(
      (policy) =>
        policy.direction === judged.direction &&
        policy.template?.reqid === opener.reqid &&
        covers(policy, judged.packet) &&
        matchesMark(policy, opener.outputMark!.value),
    )
  )
}

/** What a packet of a pod is marked with when XFRM sees it. */
function markOfPod(
  kernel: SimulatedKernel,
  { sentTo, destination: address }: Packet,
  source: Endpoint,
  destination: Endpoint,
): number | 'held' {
  const marks = { held: 'held', encrypt: encryptMark.value, forward: 0 } as const
  const sent = decideFromPod(kernel, source, sentTo === undefined ? destination : endpointAt(kernel, sentTo))
  if (sentTo === undefined || sent !== 'forward') return marks[sent]
  const isSettled = routeTo(kernel, address)?.encapsulation || settlingRouteTo(kernel, address)?.program
  if (isSettled) return marks[decideFromPod(kernel, source, destination)]
  return kernel.encrypts ? unsettledMark.value : 0
}

function routeTo({ routes }: SimulatedKernel, destination: string) {
  return [...routes.values()].find(
    (each) => each.table === undefined && isWithin(each.destination, destination),
  )
}

/** By which what is unsettled goes, where there is the rule that says so. */
function settlingRouteTo({ routes, rules }: SimulatedKernel, destination: string) {
  return [...routes.values()].find(
    ({ table, destination: prefix }) =>
      rules.some((rule) => rule.table === table) && isWithin(prefix, destination),
  )
}

/** The packet of VXLAN that the node puts it into, where its route says so. */
function carrierOf(kernel: SimulatedKernel, { destination }: Packet): Packet | undefined {
  const route = routeTo(kernel, destination)
  return route?.encapsulation && carrierBetween(route.encapsulation)
}

function carrierBetween({ source, destination }: { source: string; destination: string }): Packet {
  const ports = { sourcePort: 50_000, destinationPort: overlayDevice.port }
  return { from: 'node', source, destination, protocol: 'UDP', ...ports }
}

function decideFromPod({ encrypts }: SimulatedKernel, source: Endpoint, destination: Endpoint) {
  if (!source.isProtected || source.node !== localNode) return 'held'
  if (!isGuarded(destination) || destination.node === localNode) return 'forward'
  if (destination.node === nobody) return 'held'
  return areInScope(source, destination) && encrypts ? 'encrypt' : 'forward'
}

function leavesWire(
  kernel: SimulatedKernel,
  packet: Packet,
  mark: number,
  source: Endpoint,
  destination: Endpoint,
): boolean {
  if (!isGuarded(source) || !isGuarded(destination)) return true
  if (mayLeaveExempt(kernel, packet, mark, source, destination)) return true
  return !areInScope(source, destination) || !kernel.encrypts || !kernel.isStrict
}

function mayLeaveExempt(
  { exempt }: SimulatedKernel,
  { protocol, sourcePort, destinationPort }: Packet,
  mark: number,
  source: Endpoint,
  destination: Endpoint,
): boolean {
  if (!source.isNodeInScope || !destination.isNodeInScope) return false
  const isExempt = (port: number) => exempt.some((each) => each.protocol === protocol && each.port === port)
  if (destination.isKeyless && isExempt(destinationPort)) return true
  return (destination.isKeyless || (mark & kindBits) === markAsked) && isExempt(sourcePort)
}

function outboundPolicy({ policies }: SimulatedKernel, packet: Packet, mark: number): XfrmPolicy | undefined {
  return [...policies.values()]
    .filter((policy) => policy.direction === 'out' && covers(policy, packet) && matchesMark(policy, mark))
    .sort((a, b) => a.priority - b.priority)[0]
}

function associationOf({ states }: SimulatedKernel, { template }: XfrmPolicy): XfrmStateOptions | undefined {
  return [...states.values()].find(
    ({ source, destination, reqid, spi }) =>
      source === template!.source &&
      destination === template!.destination &&
      reqid === template!.reqid &&
      (template!.spi === undefined || spi === template!.spi),
  )
}

function covers({ source, destination, protocol, sourcePort, destinationPort }: XfrmPolicy, packet: Packet) {
  return (
    isWithin(source, packet.source) &&
    isWithin(destination, packet.destination) &&
    (protocol === undefined || protocol === protocols[packet.protocol]) &&
    (sourcePort === undefined || sourcePort === packet.sourcePort) &&
    (destinationPort === undefined || destinationPort === packet.destinationPort)
  )
}

function matchesMark({ mark }: XfrmPolicy, value: number): boolean {
  return mark === undefined || ((value ^ mark.value) & mark.mask) === 0
}

function isGuarded({ isProtected, isNodeInScope }: Endpoint): boolean {
  return (isProtected ?? false) || (isNodeInScope ?? false)
}

function areInScope(source: Endpoint, destination: Endpoint): boolean {
  return !source.isOutOfScope || !destination.isOutOfScope
}

/** All that is known of an address: what the longest prefix says that has it. */
function endpointAt({ addresses }: SimulatedKernel, address: string): Endpoint {
  let found: { readonly length: number; readonly entry: IpcacheEntry } | undefined
  for (const [prefix, entry] of addresses) {
    const length = lengthOf(prefix)
    if (length > (found?.length ?? -1) && isWithin(prefix, address)) found = { length, entry }
  }
  return found?.entry ?? {}
}

/** The few prefixes and addresses that a simulation has are asked about again and again. */
const lengths = new Map<string, number>()
const within = new Map<string, boolean>()

function lengthOf(prefix: string): number {
  return remembered(lengths, prefix, () => parsePrefix(prefix).length)
}

function isWithin(prefix: string, address: string): boolean {
  return remembered(within, `${prefix} ${address}`, () => contains(prefix, address))
}

function remembered<Value>(known: Map<string, Value>, name: string, find: () => Value): Value {
  const before = known.get(name)
  if (before !== undefined) return before
  const value = find()
  known.set(name, value)
  return value
}
