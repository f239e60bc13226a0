import { addressEnd, ipv4Number, parsePrefix, prefixLength } from '@wireproof/netlink'

interface Overlap {
  readonly prefix: string
  readonly owner: string
}

/** The first and last address: of IPv4 as numbers, of IPv6 as text that sorts as addresses do. */
type Bounds =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: string; readonly last: string }

type Claim = Bounds & { readonly prefix: string; readonly owner: string }

/**
 * Who has which prefixes: nobody gets one that overlaps what somebody else has already. As none overlap, they have one
 * order, and only the two neighbours of a new one can be in its way.
 */
export class Claims {
  /** The two families apart. */
  readonly #claims: Readonly<Record<4 | 6, Claim[]>> = { 4: [], 6: [] }
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
    const { family, first, last } = boundsOf(prefix)
    const claim = this.#claims[family][position(this.#claims[family], first)]
    return claim?.first === first && claim.last === last ? claim.owner : undefined
  }

  #insert(owner: string, prefix: string): Overlap | undefined {
    const bounds = boundsOf(prefix)
    const claims = this.#claims[bounds.family]
    const at = position(claims, bounds.first)
    const [left, right] = [claims[at - 1], claims[at]]
    if (left && left.last >= bounds.first) return { prefix, owner: left.owner }
    if (right && right.first <= bounds.last) return { prefix, owner: right.owner }
    const claim = { prefix, owner, ...bounds }
    if (right) claims.splice(at, 0, claim)
    else claims.push(claim)
    return undefined
  }

  #remove(prefix: string): void {
    const { family, first } = boundsOf(prefix)
    const claims = this.#claims[family]
    const at = position(claims, first)
    if (claims[at]?.prefix === prefix) claims.splice(at, 1)
  }
}

/** Of the first claim that does not begin before. */
function position(claims: readonly Claim[], first: number | string): number {
  let [low, high] = [0, claims.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (claims[middle]!.first < first) low = middle + 1
    else high = middle
  }
  return low
}

function boundsOf(prefix: string): Bounds {
  const end = addressEnd(prefix)
  const address = ipv4Number(prefix, end)
  if (address >= 0) {
    const addresses = 2 ** (32 - prefixLength(prefix, end, 32))
    const first = address - (address % addresses)
    return { family: 4, first, last: first + addresses - 1 }
  }
  const { bytes, length } = parsePrefix(prefix)
  const [first, last] = [Buffer.from(bytes), Buffer.from(bytes)]
  for (let bit = length; bit < bytes.length * 8; bit++) {
    first[bit >> 3]! &= ~(0x80 >> (bit & 7))
    last[bit >> 3]! |= 0x80 >> (bit & 7)
  }
  return { family: 6, first: first.toString('hex'), last: last.toString('hex') }
}
