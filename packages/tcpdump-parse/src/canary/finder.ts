import { type Budget, inflatedMembers, newBudget } from './compressed.ts'
import { encodings, type Pattern } from './encodings.ts'
import { ManyPatterns } from './many-patterns.ts'

const SHORTEST_TOKEN = 8
const DEEPEST = 3
const NOTHING: readonly CanaryHit[] = Object.freeze([])

/** A token that was found in some bytes. */
export interface CanaryHit {
  readonly token: string
  /** Such as `raw`, `base64+1`, or `gzip(hex)` for what was found in a compressed member. */
  readonly encoding: string
  /** In bytes from the start of the data; of the member's start when it was compressed. */
  readonly offset: number
}

/** Finds known tokens in bytes, however they are usually encoded. */
export class CanaryFinder {
  readonly #patterns: readonly Pattern[]
  readonly #search: ManyPatterns

  /** @param tokens each of at least 8 bytes: shorter ones turn up by chance. The longer the shortest, the faster. */
  constructor(tokens: readonly string[]) {
    for (const token of tokens)
      if (Buffer.byteLength(token) < SHORTEST_TOKEN)
        throw new RangeError(`canary ${JSON.stringify(token)} is shorter than ${SHORTEST_TOKEN} bytes`)
    this.#patterns = tokens.flatMap(encodings)
    this.#search = new ManyPatterns(this.#patterns.map(({ bytes }) => bytes))
  }

  /** How many byte strings are looked for at once. */
  get patterns(): number {
    return this.#patterns.length
  }

  /**
   * Searches the bytes, and what they hold in compressed form, up to three layers deep.
   *
   * @param starts where in the bytes content may begin that has no mark of its own, such as a frame's payload.
   */
  search(data: Uint8Array, starts: readonly number[] = []): CanaryHit[] {
    const hits: CanaryHit[] = []
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    this.#searchLayer(bytes, hits, 0, newBudget(data.length), starts)
    return hits
  }

  /** Searches the bytes between `start` and `end` as they stand, at the speed of the memory. */
  scan(data: Uint8Array, start = 0, end = data.length): readonly CanaryHit[] {
    const found = this.#search.search(data, start, end)
    if (found.length === 0) return NOTHING
    return found.map(({ pattern, offset }) => {
      const { token, encoding } = this.#patterns[pattern]!
      return { token, encoding, offset }
    })
  }

  #searchLayer(
    data: Buffer,
    hits: CanaryHit[],
    depth: number,
    budget: Budget,
    starts: readonly number[],
  ): void {
    hits.push(...this.scan(data))
    if (depth === DEEPEST) return
    for (const { format, offset, content } of inflatedMembers(data, budget, starts)) {
      const inside: CanaryHit[] = []
      this.#searchLayer(content, inside, depth + 1, budget, [])
      for (const { token, encoding } of inside)
        hits.push({ token, encoding: `${format}(${encoding})`, offset })
    }
  }
}
