import type { Mark, XfrmPolicy, XfrmStateOptions } from '@wireproof/netlink'
import { markAsked, markDecrypted, markEncrypt, markMask, markUnsettled } from '../kernel/datapath-layout.ts'
import { suiteOf } from '../keys/suite.ts'
import { decryptedMark, encryptMark, unsettledMark } from './marks.ts'
import { hostPrefix } from './prefix.ts'

/**
 * How the agent knows its own: associations and policies by reqid and by what only it gives them, routes by metric. What
 * others have put into the kernel is never touched.
 */
const base = 0x5700_0000
const numberMask = 0x00ff_ffff

export function reqidOf(node: number): number {
  return base | node
}

/**
 * The table of routes for what is unsettled, with the program that settles it; no other packets may go by these, as the kernel
 * loses what is forwarded by a route with such a program once something of the node itself has gone by it.
 */
export const settlingTable = 0x5750

/**
 * Another for every node: before the kernel adds a route, it looks for one with the same next hop among all that have the
 * same metric and device, one after the other.
 */
export function routeMetricOf(node: number): number {
  return base | node
}

export function isOwnMetric(metric: number | undefined): boolean {
  return peerOf(metric) !== undefined
}

/** The number of the peer that an association or policy of ours is about; undefined for one that is not ours. */
export function peerOf(reqid: number | undefined): number | undefined {
  return reqid !== undefined && (reqid & ~numberMask) === base ? reqid & numberMask : undefined
}

/**
 * Whether the association is ours: of our reqids, one of our suites in tunnel mode, and either inbound with the mark of its
 * peer, or outbound with 64-bit numbers. One that leads to a node of the cluster is ours also after somebody has changed it.
 */
export function isOwnState(state: XfrmStateOptions, isNode: IsNode = () => false): boolean {
  const { reqid, mode, outputMark, esn, destination } = state
  const number = peerOf(reqid)
  if (number === undefined || mode !== 'tunnel' || suiteOf(state) === undefined) return false
  if (outputMark) return sameMark(outputMark, decryptedMark(number))
  return esn === true || isNode(destination)
}

/**
 * Whether the policy is ours: of our reqids, and for packets with a mark that only our datapath and our associations set, or for
 * what the node that encrypts sends itself.
 */
export function isOwnPolicy(policy: XfrmPolicy): boolean {
  const { template, mark } = policy
  const number = peerOf(template?.reqid)
  if (number === undefined) return false
  const own = [encryptMark, unsettledMark, decryptedMark(number)]
  if (mark && own.some((each) => sameMark(mark, each))) return true
  return isOfNodeItself(policy) && (!mark || isAskedMark(mark))
}

function isOfNodeItself({ direction, source, template }: XfrmPolicy): boolean {
  return direction === 'out' && template !== undefined && source === hostPrefix(template.source)
}

function isAskedMark({ value, mask }: Mark): boolean {
  return mask === markMask && (value & kindBits) === markAsked
}

/** Whether an address is a node's of this cluster. */
export type IsNode = (address: string) => boolean

/** Why somebody else's association may get in the way, in a sentence; undefined for one that does not. */
export function trespassOfState(state: XfrmStateOptions, isNode: IsNode): string | undefined {
  if (peerOf(state.reqid) === undefined || isOwnState(state, isNode)) return undefined
  const spi = `0x${state.spi.toString(16).padStart(8, '0')}`
  return `an SA to ${state.destination} with SPI ${spi} has reqid ${inHex(state.reqid)}, of the range of this agent, and is not its own: it is left alone`
}

/** The same of a policy. */
export function trespassOfPolicy(policy: XfrmPolicy): string | undefined {
  if (isOwnPolicy(policy)) return undefined
  const { direction, source, destination, mark, template } = policy
  const what = `an IPsec policy (${direction}, from ${source} to ${destination})`
  if (template && peerOf(template.reqid) !== undefined)
    return `${what} has reqid ${inHex(template.reqid)}, of the range of this agent, and is not its own: it is left alone`
  if (mark && matchesOwnMark(mark))
    return `${what} is for mark ${inHex(mark.value)}/${inHex(mark.mask)}, which packets of this agent have, and is not its own: it is left alone`
  return undefined
}

/** Bits in which the marks of ours differ from those of others, whatever node's number is in them. */
const kindBits = 0x0f00

/** One that asks for no bit of a kind is for packets of all marks, as most policies are. */
function matchesOwnMark({ value, mask }: Mark): boolean {
  const asked = mask & kindBits
  if (asked === 0) return false
  return [markEncrypt, markUnsettled, markDecrypted, markAsked].some((own) => ((value ^ own) & asked) === 0)
}

function sameMark(a: Mark, b: Mark): boolean {
  return a.value === b.value && a.mask === b.mask
}

function inHex(value: number): string {
  return `0x${value.toString(16)}`
}
