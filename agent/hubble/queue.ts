import type { FlowLoss, FlowRecord } from '../api.ts'

/** A reader that falls this many records behind loses some rather than the agent its memory. */
const largestBacklog = 4096

/** Records on their way to a reader who follows. */
export class FlowQueue {
  readonly #node: string
  readonly #onLost: () => void
  readonly #largest: number
  readonly #records: FlowRecord[] = []
  #lost: FlowLoss | undefined
  #ended = false
  #wake = () => {}

  /**
   * @param node whose agent tells of what is lost.
   * @param onLost called for each record that is.
   */
  constructor(node: string, onLost: () => void, largest = largestBacklog) {
    this.#node = node
    this.#onLost = onLost
    this.#largest = largest
  }

  push(record: FlowRecord): void {
    if (this.#records.length < this.#largest && !this.#lost) this.#records.push(record)
    else this.#lose(record)
    this.#wake()
  }

  /** What is queued is still read. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** Until the end, in order, with a loss where something is missing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<FlowRecord> {
    for (;;) {
      const next = this.#records.shift() ?? this.#takeLoss()
      if (next) yield next
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #lose(record: FlowRecord): void {
    this.#onLost()
    const lost = (this.#lost?.lost ?? 0) + ('lost' in record ? record.lost : 1)
    this.#lost = { time: record.time, node: this.#node, where: 'reader', lost }
  }

  #takeLoss(): FlowLoss | undefined {
    const lost = this.#lost
    this.#lost = undefined
    return lost
  }
}
