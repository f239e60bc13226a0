/** Chance that comes out the same each time for the same seed and case, so that a case can be repeated (sfc32). */
export class Chance {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, number: number) {
    this.#a = seed | 0
    this.#b = number | 0
    this.#c = Math.floor(number / 2 ** 32) | 0
    // What differs in one bit only has to come apart first.
    for (let round = 0; round < 15; round++) this.#next()
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  /** Mostly small: each number is half as likely as the one before it. */
  few(most: number): number {
    let count = 1
    while (count < most && this.oneIn(2)) count++
    return count
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
