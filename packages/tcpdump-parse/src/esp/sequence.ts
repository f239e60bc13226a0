/** A window of packets that may overtake each other; wider than any kernel's. */
const WINDOW = 1 << 16
const LOW_BITS = 2 ** 32

/**
 * The upper halves of an SA's extended sequence numbers, which are not sent: the receiver infers them from the lower half
 * and from the highest number that it has authenticated (RFC 4303 appendix A2).
 */
export class SequenceTracker {
  #high: number
  #low: number

  /** @param high upper half of the first number; of a capture that begins in the middle of an SA's life, what its kernel says. */
  constructor(high = 0) {
    this.#high = high
    this.#low = 0
  }

  /**
   * Upper halves that a packet with this lower half may have, the likeliest first: the one of RFC 4303, and its
   * neighbours for captures that began, or lost packets, where the receiver did not.
   */
  candidates(low: number): number[] {
    const likely = this.#infer(low)
    const others = [this.#high, this.#high + 1, this.#high - 1].filter((high) => high !== likely)
    // A sender that has used up all 64 bits may not go on (RFC 4303 section 3.3.3).
    return [likely, ...others].filter((high) => high >= 0 && high < LOW_BITS)
  }

  /** Notes a number that was authenticated. */
  accept(high: number, low: number): void {
    if (high < this.#high || (high === this.#high && low <= this.#low)) return
    this.#high = high
    this.#low = low
  }

  /** RFC 4303 appendix A2.2. */
  #infer(low: number): number {
    const bottom = this.#low - WINDOW + 1
    if (bottom >= 0) return low >= bottom ? this.#high : this.#high + 1
    // The window reaches back into the numbers before the last turn of the lower half.
    return low >= bottom + LOW_BITS && this.#high > 0 ? this.#high - 1 : this.#high
  }
}
