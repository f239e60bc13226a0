import { parsePrefix } from '@wireproof/netlink'

interface Overlap {
  readonly prefix: string
  readonly owner: string
}

interface Claim {
  readonly prefix: string
  readonly owner: string
  /** The first and last address, as text that sorts as addresses do; the two families apart. */
  readonly first: string
  readonly last: string
}

/**
 * Who has which prefixes: nobody gets one that overlaps what somebody else has already. As none overlap, they have one
 * order, and only the two neighbours of a new one can be in its way.
 */
export class Claims {
  readonly #claims: Claim[] = []
  readonly #prefixes = new Map<string, readonly string[]>()

  /** Takes all of them for the owner, in place of what it had, or none and says what is in the way. */
  take(owner: string, prefixes: readonly string[]): Overlap | undefined {
    const before = this.#prefixes.get(owner) ?? []
    this.release(owner)
    for (const [at, prefix] of prefixes.entries()) {
      const overlap = this.#insert(owner, prefix)
      if (!overlap) continue
      for (const taken of prefixes.slice(0, at)) this.#remove(taken)
      for (const each of before) this.#insert(owner, each)
      if (before.length > 0) this.#prefixes.set(owner, before)
      return overlap
    }
    this.#prefixes.set(owner, prefixes)
    return undefined
  }

  release(owner: string): void {
    for (const prefix of this.#prefixes.get(owner) ?? []) this.#remove(prefix)
    this.#prefixes.delete(owner)
  }

  /** Of exactly this prefix. */
  ownerOf(prefix: string): string | undefined {
    const { first, last } = boundsOf(prefix)
    const claim = this.#claims[this.#position(first)]
    return claim?.first === first && claim.last === last ? claim.owner : undefined
  }

  #insert(owner: string, prefix: string): Overlap | undefined {
    const bounds = boundsOf(prefix)
    const at = this.#position(bounds.first)
    const [left, right] = [this.#claims[at - 1], this.#claims[at]]
    if (left && left.last >= bounds.first) return { prefix, owner: left.owner }
    if (right && right.first <= bounds.last) return { prefix, owner: right.owner }
    this.#claims.splice(at, 0, { prefix, owner, ...bounds })
    return undefined
  }

  #remove(prefix: string): void {
    const at = this.#position(boundsOf(prefix).first)
    if (this.#claims[at]?.prefix === prefix) this.#claims.splice(at, 1)
  }

  /** Of the first claim that does not begin before. */
  #position(first: string): number {
    let [low, high] = [0, this.#claims.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#claims[middle]!.first < first) low = middle + 1
      else high = middle
    }
    return low
  }
}

function boundsOf(prefix: string): { first: string; last: string } {
  const { family, bytes, length } = parsePrefix(prefix)
  const [first, last] = [Buffer.from(bytes), Buffer.from(bytes)]
  for (let bit = length; bit < bytes.length * 8; bit++) {
    first[bit >> 3]! &= ~(0x80 >> (bit & 7))
    last[bit >> 3]! |= 0x80 >> (bit & 7)
  }
  return { first: `${family}:${first.toString('hex')}`, last: `${family}:${last.toString('hex')}` }
}
