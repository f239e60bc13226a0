import { withRoom } from './columns.ts'

/** Rows of a table in lists, each by a small number; to add a row or to take it away costs the same however long the list is. */
export class RowLists {
  /** A row and 1; 0 for none, as in the other two. */
  #first = new Uint32Array(16)
  #next = new Uint32Array(16)
  #previous = new Uint32Array(16)

  add(list: number, row: number): void {
    this.#first = withRoom(this.#first, list + 1)
    this.#next = withRoom(this.#next, row + 1)
    this.#previous = withRoom(this.#previous, row + 1)
    const next = this.#first[list]!
    this.#next[row] = next
    this.#previous[row] = 0
    if (next > 0) this.#previous[next - 1] = row + 1
    this.#first[list] = row + 1
  }

  /** @param row which is in the list. */
  delete(list: number, row: number): void {
    const [next, previous] = [this.#next[row]!, this.#previous[row]!]
    if (next > 0) this.#previous[next - 1] = previous
    if (previous > 0) this.#next[previous - 1] = next
    else this.#first[list] = next
  }

  *of(list: number): Generator<number> {
    for (let row = this.#first[list] ?? 0; row > 0; row = this.#next[row - 1]!) yield row - 1
  }
}
