/** Gives numbers to values that many rows have in common, and keeps each as long as there is a row that has it. */
export class SharedValues<Value> {
  readonly #numbers = new Map<Value, number>()
  readonly #values: (Value | undefined)[] = []
  readonly #counts: number[] = []
  readonly #free: number[] = []

  /** @returns the number of the value, for one more row. */
  take(value: Value): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) {
      this.#counts[known]!++
      return known
    }
    const number = this.#free.pop() ?? this.#values.length
    this.#numbers.set(value, number)
    this.#values[number] = value
    this.#counts[number] = 1
    return number
  }

  /** A row has it no more. */
  release(number: number): void {
    if (--this.#counts[number]! > 0) return
    this.#numbers.delete(this.#values[number]!)
    this.#values[number] = undefined
    this.#free.push(number)
  }

  /** Each with the number of rows that have it. */
  *counts(): Generator<readonly [value: Value, rows: number]> {
    for (const [value, number] of this.#numbers) yield [value, this.#counts[number]!]
  }

  at(number: number): Value {
    return this.#values[number]!
  }

  /** @returns -1 where no row has it. */
  numberOf(value: Value): number {
    return this.#numbers.get(value) ?? -1
  }
}
