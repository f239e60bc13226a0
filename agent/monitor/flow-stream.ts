import type { Writable } from 'node:stream'
import type { FlowRecord } from '../api.ts'
import { type FlowFilter, type FlowQuery, isWanted, matches } from './filter.ts'
import type { FlowHistory } from './history.ts'

/** A reader that falls so many events behind loses the next rather than the agent its memory, and is told how many. */
export const largestBacklog = 8192

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
  // One turn of the event loop for both: nothing is appended between what was and what is to come.
  const reader = new Reader(output, past(history, query, options), options)
  if (query.follow === false) {
    reader.end()
    return
  }
  const stop = history.subscribe((record) => {
    if (isWanted(query, record)) reader.add(record)
  })
  output.on('close', stop)
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

/** Writes no faster than somebody reads. What is remembered may wait, however much it is: it is in memory anyhow. */
class Reader {
  readonly #output: Writable
  readonly #options: FlowStreamOptions
  readonly #longestQueue: number
  #queue: FlowRecord[]
  #next = 0
  #lost = 0
  #isEnding = false
  #isFull = false

  constructor(output: Writable, past: readonly FlowRecord[], options: FlowStreamOptions) {
    this.#output = output
    this.#options = options
    this.#queue = [...past]
    this.#longestQueue = past.length + largestBacklog
    output.on('drain', () => {
      this.#isFull = false
      this.#pump()
    })
    this.#pump()
  }

  add(record: FlowRecord): void {
    if (this.#queue.length - this.#next >= this.#longestQueue) {
      this.#lost++
      this.#options.onLost(1)
      return
    }
    this.#queueLoss()
    this.#queue.push(record)
    this.#pump()
  }

  end(): void {
    this.#isEnding = true
    this.#pump()
  }

  /** The gap has its place before the next event. */
  #queueLoss(): void {
    if (this.#lost === 0) return
    const { node, now } = this.#options
    this.#queue.push({ time: `${now()}`, node, where: 'reader', lost: this.#lost })
    this.#lost = 0
  }

  #pump(): void {
    while (!this.#isFull && this.#next < this.#queue.length)
      this.#isFull = !this.#output.write(`${JSON.stringify(this.#queue[this.#next++])}\n`)
    if (this.#isFull) return
    this.#queue = []
    this.#next = 0
    if (this.#lost > 0) {
      this.#queueLoss()
      this.#pump()
    } else if (this.#isEnding) this.#output.end()
  }
}
