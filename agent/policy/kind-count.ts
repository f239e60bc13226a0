import type { Kind } from '../plan/identity.ts'

/** The kinds of pods there are, as long as there is a pod of each. */
export class KindCount implements Iterable<Kind> {
  readonly #kinds = new Map<string, { readonly kind: Kind; count: number }>()
  readonly #identities = new Map<number, number>()

  hasIdentity(identity: number): boolean {
    return this.#identities.has(identity)
  }

  *[Symbol.iterator](): Generator<Kind> {
    for (const { kind } of this.#kinds.values()) yield kind
  }

  hasSameKinds(other: KindCount): boolean {
    return (
      this.#kinds.size === other.#kinds.size &&
      [...this.#kinds.keys()].every((text) => other.#kinds.has(text))
    )
  }

  /** @param count how many there are of it. @returns whether it is the first of its kind. */
  add(kind: Kind, count = 1): boolean {
    const known = this.#kinds.get(kind.text)
    if (known) {
      known.count += count
      return false
    }
    this.#kinds.set(kind.text, { kind, count })
    this.#identities.set(kind.identity, (this.#identities.get(kind.identity) ?? 0) + 1)
    return true
  }

  /** @returns whether it was the last of its kind. */
  remove(kind: Kind): boolean {
    const known = this.#kinds.get(kind.text)!
    if (--known.count > 0) return false
    this.#kinds.delete(kind.text)
    const same = this.#identities.get(kind.identity)! - 1
    if (same > 0) this.#identities.set(kind.identity, same)
    else this.#identities.delete(kind.identity)
    return true
  }
}
