const fewest = 1024

/** Gives objects that say the same one place in memory, for as long as somebody refers to it. */
export class Interner<Value extends object> {
  readonly #known = new Map<string, WeakRef<Value>>()
  #limit = fewest

  /** @returns one that says the same, in the same order. */
  intern(value: Value): Value {
    const text = JSON.stringify(value)
    const known = this.#known.get(text)?.deref()
    if (known) return known
    if (this.#known.size >= this.#limit) this.#sweep()
    this.#known.set(text, new WeakRef(value))
    return value
  }

  #sweep(): void {
    for (const [text, value] of this.#known) if (!value.deref()) this.#known.delete(text)
    this.#limit = Math.max(fewest, 2 * this.#known.size)
  }
}
