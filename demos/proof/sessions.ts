import type { AddressBook } from './address-book.ts'
import type { SeenFrame } from './observe.ts'
import type { Session } from './run.ts'

/** One TCP session, as the captures at its two pods show it. */
export interface SessionAccount {
  readonly session: Session
  /** How often it was opened, by the initial sequence numbers; and ended by a reset. */
  readonly opened: number
  readonly resets: number
  /** Segments with messages as its sender's capture has them, repetitions included, and as its receiver's has them. */
  readonly departures: readonly SeenFrame[]
  readonly arrivals: readonly SeenFrame[]
  /** Bytes of messages: sent, arrived, and those that its receiver has confirmed, as the sender's capture has it. */
  readonly bytes: { readonly sent: number; readonly arrived: number; readonly confirmed: number }
}

/** Follows each session by its addresses and ports through the captures of its pods. */
export function accountForSessions(
  sessions: readonly Session[],
  pods: readonly SeenFrame[],
  book: AddressBook,
): readonly SessionAccount[] {
  if (sessions.length === 0) return []
  const keys = new Set(sessions.map(keyOf))
  const byKey = Map.groupBy(pods, (seen) => keysOf(book, seen).find((key) => keys.has(key)))
  return sessions.map((session) => accountOf(session, byKey.get(keyOf(session)) ?? []))
}

function keyOf({ fromPod, toPod, port }: Pick<Session, 'fromPod' | 'toPod' | 'port'>): string {
  return `${fromPod} ${port} ${toPod}`
}

/** Of the session that a segment would belong to: as one of its client, or of its server. */
function keysOf(book: AddressBook, { frame, time }: SeenFrame): string[] {
  const { tcp, source, destination } = frame
  if (!tcp) return []
  const [fromPod, toPod] = [source, destination].map((address) => book.at(time).podAt(address!)?.name)
  if (fromPod === undefined || toPod === undefined) return []
  return [
    keyOf({ fromPod, toPod, port: tcp.sourcePort }),
    keyOf({ fromPod: toPod, toPod: fromPod, port: tcp.destinationPort }),
  ]
}

function accountOf(session: Session, frames: readonly SeenFrame[]): SessionAccount {
  const [atSender, atReceiver] = [session.fromPod, session.toPod].map((pod) =>
    frames.filter(({ instrument }) => instrument === `pod/${pod}`),
  ) as [SeenFrame[], SeenFrame[]]
  const isForth = ({ frame }: SeenFrame) => frame.tcp!.sourcePort === session.port
  const openings = atSender.filter((seen) => isForth(seen) && seen.frame.tcp!.flags.syn)
  const first = openings[0]?.frame.tcp?.sequence
  const carrying = (seen: SeenFrame[]) =>
    seen.filter((each) => isForth(each) && each.frame.payload.length > 0)
  const [departures, arrivals] = [carrying(atSender), carrying(atReceiver)]
  /** How many bytes of messages come before a sequence number; the SYN takes one. */
  const before = (sequence: number) => (first === undefined ? 0 : (sequence - first - 1) >>> 0)
  const furthest = (segments: readonly SeenFrame[]) =>
    Math.max(0, ...segments.map(({ frame }) => before(frame.tcp!.sequence) + frame.payload.length))
  const sent = furthest(departures)
  const confirmed = atSender
    .filter((seen) => !isForth(seen) && seen.frame.tcp!.flags.ack && !seen.frame.tcp!.flags.rst)
    .map(({ frame }) => Math.min(sent, before(frame.tcp!.acknowledgement)))
  return {
    session,
    opened: new Set(openings.map(({ frame }) => frame.tcp!.sequence)).size,
    resets: [...atSender, ...atReceiver].filter(({ frame }) => frame.tcp!.flags.rst).length,
    departures,
    arrivals,
    bytes: { sent, arrived: furthest(arrivals), confirmed: Math.max(0, ...confirmed) },
  }
}
