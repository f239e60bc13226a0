import { hash } from 'node:crypto'
import { decodeIp, type Frame } from 'tcpdump-parse'
import type { AddressBook } from './address-book.ts'
import type { SeenFrame } from './observe.ts'

/** A packet that a pod sent to another node, and what the wire shows of it. */
export interface SentPacket {
  readonly seen: SeenFrame
  readonly fromNode: string
  readonly toNode: string
  readonly fate: 'encrypted' | 'clear' | 'missing'
  /** The wire frame that carried it. */
  readonly carrier?: SeenFrame
  /** How much smaller the time to live was on the wire; one router, the node, must have forwarded it. */
  readonly hops?: number
}

/** A packet on the wire that no pod's capture shows as sent there. */
export interface ExtraPacket {
  readonly seen: SeenFrame
  readonly inner: Frame
}

export interface Account {
  readonly sent: readonly SentPacket[]
  /** ESP packets that opened to something no pod sent. */
  readonly extra: readonly ExtraPacket[]
  /** ESP packets that opened, but were addressed to a node on which the destination does not live. */
  readonly misdirected: readonly ExtraPacket[]
  /** ESP packets that could not be opened, so that what they carry is unknown. */
  readonly unopened: number
}

interface OnWire {
  readonly seen: SeenFrame
  readonly inner: Frame
  readonly encrypted: boolean
}

/** In the order of time. Matches what the pods' captures show as sent with what the wire carried, packet by packet. */
export function accountFor(
  book: AddressBook,
  wire: readonly SeenFrame[],
  pods: readonly SeenFrame[],
): Account {
  const carried = new Map<string, OnWire[]>()
  const extra: ExtraPacket[] = []
  const misdirected: ExtraPacket[] = []
  let unopened = 0
  for (const seen of wire) {
    const { opened } = seen
    if (opened && !opened.ok) unopened++
    const inner = opened?.ok ? decodeIp(opened.inner) : clearPacket(seen, book)
    if (!inner?.ip) {
      if (inner) extra.push({ seen, inner })
      continue
    }
    if (opened && !rightNodes(seen, inner, book)) misdirected.push({ seen, inner })
    const key = fingerprint(seen.instrument, inner.ip)
    const list = carried.get(key)
    const onWire = { seen, inner, encrypted: opened !== undefined }
    if (list) list.push(onWire)
    else carried.set(key, [onWire])
  }

  const sent: SentPacket[] = []
  for (const seen of pods) {
    const { frame } = seen
    const pod = frame.ipv4 && book.podAt(frame.source!)
    if (!pod || seen.instrument !== `pod/${pod.name}` || !frame.ip) continue
    const toNode = book.nodeOfPodAddress(frame.destination!)?.name
    if (toNode === undefined || toNode === pod.node) continue
    const found = carried.get(fingerprint(`wire/${pod.node}`, frame.ip))?.shift()
    const route = { seen, fromNode: pod.node, toNode }
    if (!found) sent.push({ ...route, fate: 'missing' })
    else {
      const hops = frame.ip[8]! - found.inner.ip![8]!
      sent.push({ ...route, fate: found.encrypted ? 'encrypted' : 'clear', carrier: found.seen, hops })
    }
  }
  extra.push(...[...carried.values()].flat().filter(({ encrypted }) => encrypted))
  return { sent, extra, misdirected, unopened }
}

function clearPacket(seen: SeenFrame, book: AddressBook): Frame | undefined {
  const { frame } = seen
  if (frame.esp || frame.source === undefined || frame.destination === undefined) return undefined
  return book.nodeOfPodAddress(frame.source) || book.nodeOfPodAddress(frame.destination) ? frame : undefined
}

/** Tunnel endpoints must be the nodes that the inner addresses live on. */
function rightNodes(seen: SeenFrame, inner: Frame, book: AddressBook): boolean {
  const { source, destination } = seen.frame
  const sender = book.nodeOfPodAddress(inner.source!)
  const receiver = book.nodeOfPodAddress(inner.destination!)
  return sender?.underlay === source && receiver?.underlay === destination
}

/**
 * Equal for two sightings of the same packet before and after routers: without the time to live and the header checksum,
 * which every router changes (RFC 1812 section 5.3.1).
 */
function fingerprint(port: string, packet: Buffer): string {
  const copy = Buffer.from(packet)
  copy[8] = 0
  copy.writeUInt16BE(0, 10)
  return `${port} ${hash('sha256', copy, 'base64')}`
}
