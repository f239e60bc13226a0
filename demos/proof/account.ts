import { decodeIp, type Frame } from 'tcpdump-parse'
import type { AddressBook, Sender } from './address-book.ts'
import { isOpenTraffic } from './cleartext.ts'
import { fingerprint, hasRightChecksum, timeToLive } from './forwarding.ts'
import type { SeenFrame } from './observe.ts'
import { fromOverlay } from './overlay.ts'
import { reassemble } from './reassembly.ts'

/** A packet that a pod, or a node in scope itself, sent to another node, and what the wire shows of it. */
export interface SentPacket {
  /** As the pod sent it; of a node itself, which has it encrypted before any instrument, as it came out at the other. */
  readonly seen: SeenFrame
  readonly sender: Sender
  readonly fromNode: string
  readonly toNode: string
  /** Whether it is to be encrypted. */
  readonly isCovered: boolean
  readonly fate: 'encrypted' | 'clear' | 'missing'
  /** The wire frame that carried it; the last one, of a packet in fragments. */
  readonly carrier?: SeenFrame
  /** How much smaller the time to live was on the wire. */
  readonly hops?: number
  /** How many routers must have forwarded it by then: a pod's node. */
  readonly routers: 0 | 1
  /** Whether the header's checksum on the wire is the one that belongs to the smaller time to live. */
  readonly rightChecksum?: boolean
  /** Whether its node had put it into VXLAN. */
  readonly inVxlan?: boolean
  /** Whether fragments had to be put together to find it. */
  readonly reassembled?: boolean
}

/** A packet on the wire that no capture shows as sent there. */
export interface ExtraPacket {
  readonly seen: SeenFrame
  readonly inner: Frame
}

export interface Account {
  readonly sent: readonly SentPacket[]
  /** ESP packets that opened to something nobody sent. */
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
  readonly inVxlan: boolean
  readonly reassembled?: boolean
}

type Departure = Pick<SentPacket, 'seen' | 'sender' | 'fromNode' | 'toNode' | 'isCovered' | 'routers'>

/**
 * In the order of time. Matches what the captures at the pods, and at nodes in scope, show as sent with what the wire carried,
 * packet by packet.
 *
 * @param forgeries by their fingerprints: what is known to have been sealed without any pod having sent it.
 */
export function accountFor(
  book: AddressBook,
  wire: readonly SeenFrame[],
  pods: readonly SeenFrame[],
  forgeries: ReadonlySet<string> = new Set(),
): Account {
  const { carried, extra, misdirected, unopened } = readWire(book, wire, forgeries)
  const pool = new Pool(carried)
  const departures = pods.flatMap((seen) => departure(seen, book))
  const matches = new Map(departures.map((each) => [each, pool.take(each.fromNode, each.seen.frame)]))
  matchInPieces(pool, matches)
  return {
    sent: departures.map((each) => sentPacket(each, matches.get(each))),
    extra: [...extra, ...pool.left().filter(({ encrypted }) => encrypted)],
    misdirected,
    unopened,
  }
}

function readWire(book: AddressBook, wire: readonly SeenFrame[], forgeries: ReadonlySet<string>) {
  const carried: OnWire[] = []
  const extra: ExtraPacket[] = []
  const misdirected: ExtraPacket[] = []
  let unopened = 0
  for (const seen of wire) {
    const { opened } = seen
    if (opened && !opened.ok) unopened++
    const packet = opened?.ok ? decodeIp(opened.inner) : seen.frame
    const inner = opened?.ok ? fromOverlay(packet, book.at(seen.time)) : clearPacket(seen, book)
    if (!inner) continue
    const carrier = inner === packet ? undefined : packet
    if (!inner.ip) {
      extra.push({ seen, inner })
      continue
    }
    if (opened && forgeries.size > 0 && forgeries.has(fingerprint(inner))) continue
    if (opened && !rightNodes(seen, carrier, inner, book)) misdirected.push({ seen, inner })
    carried.push({ seen, inner, encrypted: opened !== undefined, inVxlan: carrier !== undefined })
  }
  return { carried, extra, misdirected, unopened }
}

/** What nodes put on the wire, by what it is, until it is taken. */
class Pool {
  readonly #byContent: Map<string, OnWire[]>

  constructor(carried: readonly OnWire[]) {
    this.#byContent = Map.groupBy(carried, ({ seen, inner }) => `${seen.instrument} ${fingerprint(inner)}`)
  }

  take(node: string, packet: Frame): OnWire | undefined {
    return this.#byContent.get(`wire/${node} ${fingerprint(packet)}`)?.shift()
  }

  left(): OnWire[] {
    return [...this.#byContent.values()].flat()
  }

  /** Exchanges what is there in fragments for the packets they make. */
  reassemble(): void {
    for (const ofPort of Map.groupBy(this.left(), ({ seen }) => seen.instrument).values()) {
      const inOrder = ofPort.toSorted((a, b) => a.seen.number - b.seen.number)
      for (const { whole, pieces } of reassemble(inOrder, ({ seen, inner }) => ({
        frame: inner,
        time: seen.time,
      }))) {
        for (const list of this.#byContent.values())
          for (const piece of pieces) if (list.includes(piece)) list.splice(list.indexOf(piece), 1)
        const { seen } = pieces.at(-1)!
        const encrypted = pieces.every((piece) => piece.encrypted)
        const key = `${seen.instrument} ${fingerprint(whole)}`
        const there = this.#byContent.get(key) ?? []
        const inVxlan = pieces.every((piece) => piece.inVxlan)
        this.#byContent.set(key, [...there, { seen, inner: whole, encrypted, inVxlan, reassembled: true }])
      }
    }
  }
}

/** A node may cut up what a pod sent whole (RFC 791 section 3.2), or put together what it sent in pieces. */
function matchInPieces(pool: Pool, matches: Map<Departure, OnWire | undefined>): void {
  const missing = () => [...matches.keys()].filter((each) => matches.get(each) === undefined)
  const inPieces = missing().some(({ seen }) => seen.frame.fragment)
  const cutUp = pool.left().some(({ inner }) => inner.fragment)
  if (missing().length === 0 || !(inPieces || cutUp)) return
  pool.reassemble()
  for (const each of missing()) matches.set(each, pool.take(each.fromNode, each.seen.frame))
  for (const ofPod of Map.groupBy(missing(), ({ seen }) => seen.instrument).values())
    for (const { whole, pieces } of reassemble(ofPod, ({ seen }) => seen)) {
      const found = pool.take(pieces[0]!.fromNode, whole)
      if (found) for (const piece of pieces) matches.set(piece, { ...found, reassembled: true })
    }
}

function departure(seen: SeenFrame, book: AddressBook): Departure[] {
  const { frame } = seen
  const holders = book.at(seen.time)
  // What a node carries for pods is told of where they sent it.
  if (fromOverlay(frame, holders) !== frame) return []
  const sender = frame.source === undefined ? undefined : holders.senderAt(frame.source)
  if (!sender || !frame.ip || !isOpenTraffic(frame, book)) return []
  const toNode = holders.homeOf(frame.destination!)?.name
  if (toNode === undefined || toNode === sender.node) return []
  const isPod = holders.podAt(frame.source!) !== undefined
  if (seen.instrument !== (isPod ? `pod/${sender.name}` : `node/${toNode}`)) return []
  const isCovered = book.isCovered(frame.source!, frame.destination!)
  return [{ seen, sender, fromNode: sender.node, toNode, isCovered, routers: isPod ? 1 : 0 }]
}

function sentPacket(departure: Departure, found: OnWire | undefined): SentPacket {
  if (!found) return { ...departure, fate: 'missing' }
  const { inner, encrypted, inVxlan, reassembled } = found
  return {
    ...departure,
    fate: encrypted ? 'encrypted' : 'clear',
    carrier: found.seen,
    hops: timeToLive(departure.seen.frame) - timeToLive(inner),
    rightChecksum: hasRightChecksum(inner),
    ...(inVxlan && { inVxlan }),
    ...(reassembled && { reassembled }),
  }
}

function clearPacket({ frame, time }: SeenFrame, book: AddressBook): Frame | undefined {
  if (frame.esp) return undefined
  const packet = fromOverlay(frame, book.at(time))
  return isOpenTraffic(packet, book) ? packet : undefined
}

/** Tunnel endpoints, of ESP and of VXLAN in it, must be the nodes that the inner addresses live on. */
function rightNodes(seen: SeenFrame, vxlan: Frame | undefined, inner: Frame, book: AddressBook): boolean {
  const holders = book.at(seen.time)
  const sender = holders.homeOf(inner.source!)
  const receiver = holders.homeOf(inner.destination!)
  return [seen.whole ?? seen.frame, ...(vxlan ? [vxlan] : [])].every(
    ({ source, destination }) => sender?.underlay === source && receiver?.underlay === destination,
  )
}
