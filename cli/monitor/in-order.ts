/**
 * Brings what several agents tell into the order of time: holds each record back for a moment, in which an earlier one may
 * still come from another.
 */
export class InOrder<Item extends { readonly time: string }> {
  readonly #emit: (item: Item) => void
  readonly #patience: number
  #held: Item[] = []
  #timer: NodeJS.Timeout | undefined

  /** @param patience milliseconds. */
  constructor(patience: number, emit: (item: Item) => void) {
    this.#patience = patience
    this.#emit = emit
  }

  add(item: Item): void {
    this.#held.push(item)
    this.#timer ??= setTimeout(() => this.flush(), this.#patience)
  }

  /** What is held back now, at once. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const due = this.#held.sort(byTime)
    this.#held = []
    for (const item of due) this.#emit(item)
  }
}

/** Earlier first. */
export function byTime(a: { readonly time: string }, b: { readonly time: string }): number {
  const difference = BigInt(a.time) - BigInt(b.time)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
