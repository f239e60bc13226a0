/** Bytes that may be under way at once: whoever sends more waits until some have arrived. */
export class Window {
  readonly #limit: number
  #underway = 0
  #freed = Promise.withResolvers<void>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get full(): boolean {
    return this.#underway >= this.#limit
  }

  take(bytes: number): void {
    this.#underway += bytes
  }

  release(bytes: number): void {
    this.#underway -= bytes
    this.#freed.resolve()
    this.#freed = Promise.withResolvers()
  }

  /** Resolves at the next release. */
  freed(): Promise<void> {
    return this.#freed.promise
  }
}
