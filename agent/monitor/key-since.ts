import type { AgentStatus } from '../api.ts'

type Key = AgentStatus['key']

/** Since when a key is in use, also where its first associations are gone, or the clock is set, since. */
export class KeySince {
  #known: Key | undefined

  /** @param found what the kernel's associations say. */
  of(found: Key): Key {
    if (this.#known?.id !== found.id || this.#known.since === undefined) this.#known = found
    return this.#known
  }

  /** @param by milliseconds. */
  clockSet(by: number): void {
    if (this.#known?.since === undefined) return
    const since = new Date(Date.parse(this.#known.since) + by).toISOString()
    this.#known = { ...this.#known, since }
  }
}
