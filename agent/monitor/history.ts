import type { FlowRecord } from '../api.ts'

/**
 * Records an agent remembers. A flow that goes on is one a second at each of the two hooks it passes, so on a node with
 * a hundred such flows this is the last five minutes. What it costs in memory is in docs/monitoring.md.
 */
export const historyCapacity = 65_536

/** What {@link FlowHistory.since} finds. */
export interface Remembered {
  /** In the order they were appended in, which is that of time but for a few microseconds between CPUs. */
  readonly records: readonly FlowRecord[]
  /** Records of the time asked for that are forgotten by now, at most; 0 when nothing is missing. */
  readonly forgotten: number
}

/** The last flow events of a node, as many as fit, and who wants to hear of the next. */
export class FlowHistory {
  readonly #capacity: number
  readonly #ring: FlowRecord[] = []
  readonly #listeners = new Set<(record: FlowRecord) => void>()
  #appended = 0
  /** Time of the latest record that has been overwritten. */
  #forgottenUntil = 0n

  /** @param capacity in records. */
  constructor(capacity = historyCapacity) {
    this.#capacity = capacity
  }

  /** How many records are remembered now. */
  get size(): number {
    return this.#ring.length
  }

  append(record: FlowRecord): void {
    const place = this.#appended % this.#capacity
    const before = this.#ring[place]
    if (before) this.#forgottenUntil = later(this.#forgottenUntil, BigInt(before.time))
    this.#ring[place] = record
    this.#appended++
    for (const listener of this.#listeners) listener(record)
  }

  /** @param time nanoseconds since the epoch; records of that very time are included. */
  since(time: bigint): Remembered {
    const forgotten = this.#forgottenUntil >= time ? this.#appended - this.#ring.length : 0
    return { records: this.#inOrder().filter((record) => BigInt(record.time) >= time), forgotten }
  }

  /** The latest `count` records, the oldest of them first. */
  last(count: number): FlowRecord[] {
    return count > 0 ? this.#inOrder().slice(-count) : []
  }

  /** Calls back for each record from now on, until the returned function is called. */
  subscribe(listener: (record: FlowRecord) => void): () => void {
    // A function of its own for each subscription: the same listener may be given twice.
    const own = (record: FlowRecord) => listener(record)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  #inOrder(): FlowRecord[] {
    const oldest = this.#appended % this.#capacity
    return this.#appended <= this.#capacity
      ? [...this.#ring]
      : [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
  }
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
