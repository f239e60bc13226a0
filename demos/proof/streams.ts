import { hash } from 'node:crypto'
import type { SeenFrame } from './observe.ts'
import type { Stream } from './run.ts'

/** One datagram of a stream, as the captures at its two pods show it. */
export interface Datagram {
  readonly number: number
  /** When its sender's capture shows it, in nanoseconds since the epoch; and that frame. */
  readonly sent: bigint
  readonly seen: SeenFrame
  /** When its receiver's capture shows it: once, unless it was lost or repeated. */
  readonly arrived: readonly bigint[]
  /** How often its sender's capture shows the answer that only this datagram has. */
  readonly answers: number
}

export interface StreamAccount {
  readonly stream: Stream
  /** In the order of their numbers. */
  readonly datagrams: readonly Datagram[]
  /** Numbers that arrived and that the sender's capture does not show. */
  readonly unsent: readonly number[]
}

interface Entry {
  sent?: SeenFrame
  arrived: bigint[]
  answers: number
}

export interface StreamsSeen {
  readonly accounts: readonly StreamAccount[]
  /** The frames that are datagrams of a stream, or answers to one. */
  readonly frames: ReadonlySet<SeenFrame>
}

/** Follows every datagram by its number through the captures of the pods, and every answer by its digest. */
export function accountForStreams(streams: readonly Stream[], pods: readonly SeenFrame[]): StreamsSeen {
  const byToken = new Map(
    streams.map((stream) => [stream.token, { stream, entries: new Map<number, Entry>() }]),
  )
  const byAnswer = new Map<string, { readonly entry: Entry; readonly sender: string }>()
  const frames = new Set<SeenFrame>()
  for (const seen of pods) {
    const { frame, instrument, time } = seen
    if (!frame.udp) continue
    const { payload } = frame
    const answered = payload.length === answerBytes && byAnswer.get(payload.toString('latin1'))
    if (answered) {
      frames.add(seen)
      if (instrument === answered.sender) answered.entry.answers++
      continue
    }
    const { token, number } = readDatagram(payload) ?? {}
    const found = token === undefined ? undefined : byToken.get(token)
    if (!found || number === undefined) continue
    frames.add(seen)
    const { stream, entries } = found
    const entry = entries.get(number) ?? { arrived: [], answers: 0 }
    if (!entries.has(number)) {
      entries.set(number, entry)
      byAnswer.set(answerTo(payload).toString('latin1'), { entry, sender: `pod/${stream.fromPod}` })
    }
    if (instrument === `pod/${stream.fromPod}`) entry.sent ??= seen
    if (instrument === `pod/${stream.toPod}`) entry.arrived.push(time)
  }
  const accounts = [...byToken.values()].map(({ stream, entries }) => accountOf(stream, entries))
  return { accounts, frames }
}

function accountOf(stream: Stream, entries: ReadonlyMap<number, Entry>): StreamAccount {
  const numbers = [...entries.keys()].sort((a, b) => a - b)
  return {
    stream,
    datagrams: numbers.flatMap((number) => {
      const { sent, arrived, answers } = entries.get(number)!
      return sent === undefined ? [] : [{ number, sent: sent.time, seen: sent, arrived, answers }]
    }),
    unsent: numbers.filter((number) => entries.get(number)!.sent === undefined),
  }
}

const answerBytes = 32

/** What the receiver of a datagram answers: nobody can who has not seen all of it. */
export function answerTo(payload: Uint8Array): Buffer {
  return hash('sha256', payload, 'buffer')
}

/** A datagram begins with its stream's token and its number. */
export function datagramText(token: string, number: number): string {
  return `${token} ${number} `
}

function readDatagram(payload: Buffer): { token: string; number: number } | undefined {
  const [, token, number] = /^(\S{8,80}) (\d{1,9}) /.exec(payload.toString('latin1', 0, 100)) ?? []
  return token === undefined ? undefined : { token, number: Number(number) }
}

/** A datagram that did not arrive, or whose answer did not. */
export function isLost({ arrived, answers }: Datagram): boolean {
  return arrived.length === 0 || answers === 0
}

export interface Gap {
  readonly stream: Stream
  /** Nanoseconds since the epoch. */
  readonly from: bigint
  readonly to: bigint
}

/** The longest time in which nothing of a stream arrived that was being sent; the longest of all streams. */
export function longestGap(accounts: readonly StreamAccount[]): Gap | undefined {
  let longest: Gap | undefined
  for (const { stream, datagrams } of accounts) {
    const first = datagrams[0]
    const last = datagrams.at(-1)
    if (!first || !last) continue
    const arrivals = datagrams.flatMap(({ arrived }) => arrived).sort((a, b) => (a < b ? -1 : 1))
    const times = [first.sent, ...arrivals]
    if (last.arrived.length === 0) times.push(last.sent)
    for (let index = 1; index < times.length; index++) {
      const [from, to] = [times[index - 1]!, times[index]!]
      if (!longest || to - from > longest.to - longest.from) longest = { stream, from, to }
    }
  }
  return longest
}

/** Rounded to a tenth. */
export function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 100_000n) / 10
}

/** On a busy machine an answer takes its time; nanoseconds. */
export const underWay = 500_000_000n
