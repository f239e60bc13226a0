export interface CaptureInterface {
  readonly name?: string
  readonly description?: string
  readonly linkType: number
}

/** How the timestamps of an interface count: `value / unitsPerSecond + offset` seconds since the epoch. */
export interface Clock {
  readonly unitsPerSecond: bigint
  readonly offset: bigint
}

const NANOSECONDS = 1_000_000_000n
const NO_COMMENTS: readonly string[] = Object.freeze([])

export class Packet {
  readonly interface: CaptureInterface
  /** The captured bytes. */
  readonly data: Buffer
  /** In bytes, on the wire; more than `data.length` when the capture cut the packet. */
  readonly length: number
  readonly comments: readonly string[]
  readonly #high: number
  readonly #low: number
  readonly #clock: Clock | undefined

  /**
   * @param clock of a pcapng interface, for which `high` and `low` are the halves of the 64-bit count; without it they
   * are seconds and nanoseconds.
   */
  constructor(
    from: CaptureInterface,
    data: Buffer,
    length: number,
    high: number,
    low: number,
    clock?: Clock,
    comments: readonly string[] = NO_COMMENTS,
  ) {
    this.interface = from
    this.data = data
    this.length = length
    this.comments = comments
    this.#high = high
    this.#low = low
    this.#clock = clock
  }

  /** When it was captured, in nanoseconds since the epoch. */
  get time(): bigint {
    if (!this.#clock) return BigInt(this.#high) * NANOSECONDS + BigInt(this.#low)
    const count = (BigInt(this.#high) << 32n) | BigInt(this.#low)
    return (count * NANOSECONDS) / this.#clock.unitsPerSecond + this.#clock.offset * NANOSECONDS
  }
}
