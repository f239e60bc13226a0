/** Where a pattern, given by its index, was found. */
export interface Occurrence {
  readonly pattern: number
  readonly offset: number
}

const NONE: readonly Occurrence[] = Object.freeze([])

/**
 * Search for many byte strings at once by samples. Of a text only every n-th word of four bytes is looked at, where n is
 * such that each occurrence of each string has one of them in it; a word that is in no string at such a place, as nearly
 * all are, costs one look into a table of bits. Unlike in the search of Wu and Manber (1994), where one looks next does not
 * depend on what was found there, so that a processor has many looks under way at once.
 */
export class ManyPatterns {
  readonly #patterns: readonly Uint8Array[]
  /** Bytes between two samples: a multiple of a word. */
  readonly #stride: number
  /** A bit for each hash of a word that some pattern has where a sample may fall. */
  readonly #filter = new Uint32Array(FILTER_BITS / 32)
  /** Words by their hash, chained: the first of each bucket, and after each the next; -1 ends a chain. */
  readonly #buckets = new Int32Array(BUCKETS).fill(-1)
  readonly #next: Int32Array
  readonly #words: Uint32Array
  /** Of each word: the pattern it is from, and where in it. */
  readonly #pattern: Uint16Array
  readonly #offset: Uint16Array
  /** The words of the two memories that were searched last: frames and what they hold take turns. */
  #memory: Memory = noMemory
  #otherMemory: Memory = noMemory

  /** @param patterns each of at least 8 bytes, and at most 65,535 of them. */
  constructor(patterns: readonly Uint8Array[]) {
    const shortest = patterns.reduce((least, { length }) => Math.min(least, length), LONGEST_STRIDE + WORD)
    if (shortest < SHORTEST_PATTERN)
      throw new RangeError(`a pattern must have at least ${SHORTEST_PATTERN} bytes`)
    if (patterns.length > MOST_PATTERNS) throw new RangeError(`at most ${MOST_PATTERNS} patterns`)
    this.#patterns = patterns
    this.#stride = Math.floor((shortest - WORD + 1) / WORD) * WORD
    const count = patterns.length * this.#stride
    this.#next = new Int32Array(count)
    this.#words = new Uint32Array(count)
    this.#pattern = new Uint16Array(count)
    this.#offset = new Uint16Array(count)
    let entry = 0
    for (const [index, pattern] of patterns.entries())
      for (let offset = 0; offset < this.#stride; offset++) this.#enter(entry++, index, pattern, offset)
  }

  /** The occurrences that lie between `start` and `end`, in their order. */
  search(data: Uint8Array, start = 0, end = data.length): readonly Occurrence[] {
    let found = NONE
    const base = data.byteOffset
    const words = this.#wordsOf(data)
    const filter = this.#filter
    const stride = this.#stride
    // Samples lie at whole words of the memory, which is where a processor reads them in one go.
    let sample = ((base + start + WORD - 1) >>> 2) << 2
    const last = base + end - WORD
    for (; sample <= last; sample += stride) {
      const word = words[sample >>> 2]!
      const hash = Math.imul(word, MULTIPLIER) >>> HASH_SHIFT
      if ((filter[hash >>> 5]! & (1 << (hash & 31))) !== 0)
        found = this.#look(data, word, sample - base, start, end, found)
    }
    return found
  }

  #enter(entry: number, index: number, pattern: Uint8Array, offset: number): void {
    const word = wordAt(pattern, offset)
    const hash = Math.imul(word, MULTIPLIER) >>> HASH_SHIFT
    const bucket = hash & (BUCKETS - 1)
    this.#filter[hash >>> 5]! |= 1 << (hash & 31)
    this.#words[entry] = word
    this.#pattern[entry] = index
    this.#offset[entry] = offset
    this.#next[entry] = this.#buckets[bucket]!
    this.#buckets[bucket] = entry
  }

  /** Compares every pattern that has the word where its occurrence would have been sampled here; adds what it finds. */
  #look(
    data: Uint8Array,
    word: number,
    at: number,
    start: number,
    end: number,
    found: readonly Occurrence[],
  ): readonly Occurrence[] {
    let all = found
    const bucket = (Math.imul(word, MULTIPLIER) >>> HASH_SHIFT) & (BUCKETS - 1)
    for (let entry = this.#buckets[bucket]!; entry >= 0; entry = this.#next[entry]!) {
      if (this.#words[entry] !== word) continue
      const pattern = this.#pattern[entry]!
      const offset = at - this.#offset[entry]!
      if (offset >= start && isAt(data, offset, end, this.#patterns[pattern]!))
        all = [...all, { pattern, offset }]
    }
    return all
  }

  #wordsOf({ buffer }: Uint8Array): Uint32Array {
    if (buffer === this.#memory.buffer) return this.#memory.words
    const known = this.#otherMemory
    this.#otherMemory = this.#memory
    this.#memory =
      buffer === known.buffer
        ? known
        : { buffer, words: new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / WORD)) }
    return this.#memory.words
  }
}

/** Memory, and its words. */
interface Memory {
  readonly buffer: ArrayBufferLike | undefined
  readonly words: Uint32Array
}

const noMemory: Memory = { buffer: undefined, words: new Uint32Array() }

const WORD = 4
const SHORTEST_PATTERN = 7
const MOST_PATTERNS = 0xffff
/** More would save nothing: each sample then touches a cache line of its own. */
const LONGEST_STRIDE = 64
/** Knuth's, for hashing by multiplication. */
const MULTIPLIER = 0x9e3779b1
/** 128 KiB: in the second-level cache, and sparse with tens of thousands of words. */
const FILTER_BITS = 1 << 20
const HASH_SHIFT = 12
const BUCKETS = 1 << 16

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** As a typed array reads it, in the machine's own byte order. */
function wordAt(bytes: Uint8Array, offset: number): number {
  const [a, b, c, d] = [bytes[offset]!, bytes[offset + 1]!, bytes[offset + 2]!, bytes[offset + 3]!]
  return (littleEndian ? a | (b << 8) | (c << 16) | (d << 24) : d | (c << 8) | (b << 16) | (a << 24)) >>> 0
}

function isAt(data: Uint8Array, start: number, end: number, pattern: Uint8Array): boolean {
  if (start + pattern.length > end) return false
  for (let i = 0; i < pattern.length; i++) if (data[start + i] !== pattern[i]) return false
  return true
}
