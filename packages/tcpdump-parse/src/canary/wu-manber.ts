/**
 * Search for many byte strings at once (Wu and Manber, 1994): the last two bytes of a window as long as the shortest
 * pattern tell how far the window can move on without missing any.
 */
export class WuManber {
  readonly #patterns: readonly Uint8Array[]
  readonly #window: number
  readonly #shift: Uint8Array
  /** Patterns whose window ends in the same two bytes, chained by index; -1 ends a chain. */
  readonly #first: Int32Array
  readonly #next: Int32Array

  /** @param patterns each of at least 2 bytes. */
  constructor(patterns: readonly Uint8Array[]) {
    const shortest = patterns.reduce((least, { length }) => Math.min(least, length), 256)
    if (shortest < 2) throw new RangeError('a pattern must have at least 2 bytes')
    this.#patterns = patterns
    this.#window = shortest
    this.#shift = new Uint8Array(65536).fill(shortest - 1)
    this.#first = new Int32Array(65536).fill(-1)
    this.#next = new Int32Array(patterns.length).fill(-1)
    for (const [index, pattern] of patterns.entries()) {
      for (let end = 1; end < shortest; end++) {
        const pair = (pattern[end - 1]! << 8) | pattern[end]!
        this.#shift[pair] = Math.min(this.#shift[pair]!, shortest - 1 - end)
      }
      const last = (pattern[shortest - 2]! << 8) | pattern[shortest - 1]!
      this.#next[index] = this.#first[last]!
      this.#first[last] = index
    }
  }

  /** Calls `found` for each occurrence, with the pattern's index and the offset of its first byte. */
  search(data: Uint8Array, found: (pattern: number, offset: number) => void): void {
    const shift = this.#shift
    const window = this.#window
    const length = data.length
    let at = window - 1
    while (at < length) {
      const pair = (data[at - 1]! << 8) | data[at]!
      const step = shift[pair]!
      if (step > 0) {
        at += step
        continue
      }
      const start = at - window + 1
      for (let index = this.#first[pair]!; index >= 0; index = this.#next[index]!)
        if (startsWith(data, start, this.#patterns[index]!)) found(index, start)
      at++
    }
  }
}

function startsWith(data: Uint8Array, start: number, pattern: Uint8Array): boolean {
  if (start + pattern.length > data.length) return false
  for (let i = 0; i < pattern.length; i++) if (data[start + i] !== pattern[i]) return false
  return true
}
