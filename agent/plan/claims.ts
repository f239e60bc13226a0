import { parsePrefix } from '@wireproof/netlink'
import { masked } from './prefix.ts'

interface Overlap {
  readonly prefix: string
  readonly owner: string
}

/**
 * Who has which prefixes: nobody gets one that overlaps what somebody else has already. Whether one is free is found by a
 * look-up for each prefix length in use, not by a walk through all.
 */
export class Claims {
  /** By family and length, then by the prefix itself. */
  readonly #owners = new Map<string, Map<string, string>>()
  readonly #prefixes = new Map<string, readonly string[]>()

  /** Takes all of them for the owner, in place of what it had, or none and says what is in the way. */
  take(owner: string, prefixes: readonly string[]): Overlap | undefined {
    const before = this.#prefixes.get(owner) ?? []
    this.release(owner)
    const taken: string[] = []
    for (const prefix of prefixes) {
      const other = this.#overlapping(prefix)
      if (other !== undefined) {
        this.#store(owner, before)
        return { prefix, owner: other }
      }
      taken.push(prefix)
    }
    this.#store(owner, taken)
    return undefined
  }

  release(owner: string): void {
    for (const prefix of this.#prefixes.get(owner) ?? []) {
      const { group, key } = place(prefix)
      const owners = this.#owners.get(group)
      owners?.delete(key)
      if (owners?.size === 0) this.#owners.delete(group)
    }
    this.#prefixes.delete(owner)
  }

  ownerOf(prefix: string): string | undefined {
    const { group, key } = place(prefix)
    return this.#owners.get(group)?.get(key)
  }

  #store(owner: string, prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      const { group, key } = place(prefix)
      let owners = this.#owners.get(group)
      if (!owners) {
        owners = new Map()
        this.#owners.set(group, owners)
      }
      owners.set(key, owner)
    }
    if (prefixes.length > 0) this.#prefixes.set(owner, prefixes)
  }

  #overlapping(prefix: string): string | undefined {
    const { family, bytes, length } = parsePrefix(prefix)
    for (const [group, owners] of this.#owners) {
      const [groupFamily, groupLength] = group.split(' ').map(Number) as [number, number]
      if (groupFamily !== family) continue
      if (groupLength <= length) {
        const owner = owners.get(masked(bytes, groupLength).toString('latin1'))
        if (owner !== undefined) return owner
        continue
      }
      const wanted = masked(bytes, length)
      for (const [key, owner] of owners)
        if (masked(Buffer.from(key, 'latin1'), length).equals(wanted)) return owner
    }
    return undefined
  }
}

function place(prefix: string): { group: string; key: string } {
  const { family, bytes, length } = parsePrefix(prefix)
  return { group: `${family} ${length}`, key: masked(bytes, length).toString('latin1') }
}
