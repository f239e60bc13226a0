import { withRoom } from './columns.ts'
import { NameTable } from './name-table.ts'

/** A number for each of many names. */
export class NumbersByName {
  readonly #names = new NameTable()
  #numbers = new Float64Array(16)

  get(name: string): number | undefined {
    const row = this.#names.rowOf(name)
    return row < 0 ? undefined : this.#numbers[row]
  }

  set(name: string, number: number): void {
    const row = this.#names.add(name)
    this.#numbers = withRoom(this.#numbers, this.#names.rows)
    this.#numbers[row] = number
  }

  /** @returns whether it was there. */
  delete(name: string): boolean {
    const row = this.#names.rowOf(name)
    if (row < 0) return false
    this.#names.delete(row)
    return true
  }

  /** Names may go while they are walked through. */
  *keys(): Generator<string> {
    for (const row of this.#names) yield this.#names.nameAt(row)
  }
}
