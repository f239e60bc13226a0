import { type Budget, inflatedMembers, newBudget } from './compressed.ts'
import { encodings, type Pattern } from './encodings.ts'
import { WuManber } from './wu-manber.ts'

const SHORTEST_TOKEN = 8
const DEEPEST = 3

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
  readonly #search: WuManber

  /** @param tokens each of at least 8 bytes: shorter ones turn up by chance. The longer the shortest, the faster. */
  constructor(tokens: readonly string[]) {
    for (const token of tokens)
      if (Buffer.byteLength(token) < SHORTEST_TOKEN)
        throw new RangeError(`canary ${JSON.stringify(token)} is shorter than ${SHORTEST_TOKEN} bytes`)
    this.#patterns = tokens.flatMap(encodings)
    this.#search = new WuManber(this.#patterns.map(({ bytes }) => bytes))
  }

  /** Searches the bytes, and what they hold in compressed form, up to three layers deep. */
  search(data: Uint8Array): CanaryHit[] {
    const hits: CanaryHit[] = []
    this.#searchLayer(
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      hits,
      0,
      newBudget(data.length),
    )
    return hits
  }

  #searchLayer(data: Buffer, hits: CanaryHit[], depth: number, budget: Budget): void {
    this.#search.search(data, (index, offset) => {
      const { token, encoding } = this.#patterns[index]!
      hits.push({ token, encoding, offset })
    })
    if (depth === DEEPEST) return
    for (const { format, offset, content } of inflatedMembers(data, budget)) {
      const inside: CanaryHit[] = []
      this.#searchLayer(content, inside, depth + 1, budget)
      for (const { token, encoding } of inside)
        hits.push({ token, encoding: `${format}(${encoding})`, offset })
    }
  }
}
