import type { Writable } from 'node:stream'
import type { FlowRecord } from '../api.ts'
import { type FlowFilter, type FlowQuery, isWanted, matches } from './filter.ts'
import type { FlowHistory } from './history.ts'

/** A reader that falls this many bytes behind loses events rather than the agent its memory, and is told how many. */
const largestBacklog = 4 << 20

export interface FlowStreamOptions {
  readonly node: string
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint
  /** Told of events that the reader was too slow for. */
  readonly onLost: (count: number) => void
}

/** Writes what is remembered and, unless told not to follow, what happens from now on, an object a line. */
export function streamFlows(
  history: FlowHistory,
  query: FlowQuery,
  output: Writable,
  options: FlowStreamOptions,
): void {
  const reader = new Reader(output, options)
  // One turn of the event loop for both: nothing is appended between what was and what is to come.
  for (const record of past(history, query, options)) reader.write(record)
  if (query.follow === false) {
    reader.end()
    return
  }
  const stop = history.subscribe((record) => {
    if (isWanted(query, record)) reader.write(record)
  })
  output.on('drain', () => reader.tellLost()).on('close', stop)
}

function past(history: FlowHistory, query: FlowQuery, { node, now }: FlowStreamOptions): FlowRecord[] {
  const { since, last } = query
  if (since === undefined) return last === undefined ? [] : latest(history.last(history.size), query, last)
  const time = now()
  const { records, forgotten } = history.since(time - BigInt(since) * 1_000_000n)
  const wanted = records.filter((record) => isWanted(query, record))
  const chosen = last === undefined ? wanted : latest(wanted, query, last)
  if (forgotten === 0) return chosen
  // The gap is before the oldest that is left.
  const gap = records[0]?.time ?? `${time}`
  return [{ time: gap, node, where: 'history', lost: forgotten }, ...chosen]
}

/** The latest so many events that match, with the losses among them. */
function latest(records: readonly FlowRecord[], filter: FlowFilter, count: number): FlowRecord[] {
  const wanted = records.filter((record) => isWanted(filter, record))
  let left = count
  let first = wanted.length
  while (first > 0 && left > 0) {
    const record = wanted[--first]!
    if (!('lost' in record) && matches(filter, record)) left--
  }
  return wanted.slice(first)
}

class Reader {
  readonly #output: Writable
  readonly #options: FlowStreamOptions
  #lost = 0

  constructor(output: Writable, options: FlowStreamOptions) {
    this.#output = output
    this.#options = options
  }

  write(record: FlowRecord): void {
    if (this.#output.writableLength >= largestBacklog) {
      this.#lost++
      this.#options.onLost(1)
      return
    }
    this.tellLost()
    this.#send(record)
  }

  tellLost(): void {
    if (this.#lost === 0) return
    const { node, now } = this.#options
    const lost = this.#lost
    this.#lost = 0
    this.#send({ time: `${now()}`, node, where: 'reader', lost })
  }

  end(): void {
    this.tellLost()
    this.#output.end()
  }

  #send(record: FlowRecord): void {
    this.#output.write(`${JSON.stringify(record)}\n`)
  }
}
