import { withRoom } from './columns.ts'
import { mixed, RowIndex } from './row-index.ts'

/**
 * Names, each with a row of its own, which others keep columns by: a small number that stays the name's as long as it is
 * there. A hundred thousand strings in a Map take several times as much memory as their letters, which lie here one after the other.
 */
export class NameTable {
  #letters = Buffer.alloc(256)
  #end = 0
  /** Bytes of names that are there no more. */
  #idle = 0
  /** Where a row's name begins, and its bytes; 0 of a row that is free. */
  #starts = new Uint32Array(16)
  #lengths = new Uint32Array(16)
  /** As many rows have ever been in use at once. */
  #rows = 0
  readonly #free: number[] = []
  readonly #index = new RowIndex((row) => this.#hashOf(row))

  get size(): number {
    return this.#index.size
  }

  /** Greater than every row. */
  get rows(): number {
    return this.#rows
  }

  /** @returns -1 where the name is not there. */
  rowOf(name: string): number {
    return this.#find(encode(name))
  }

  /** Of the name that another table has in a row; -1 where it is not here. */
  rowOfThat(other: NameTable, row: number): number {
    return this.#find(other.#encode(row))
  }

  /** @returns the name's row, another one where it was not there. */
  add(name: string): number {
    return this.#add(encode(name))
  }

  /** The same of the name that another table has in a row. */
  addThat(other: NameTable, row: number): number {
    return this.#add(other.#encode(row))
  }

  #add(length: number): number {
    const known = this.#find(length)
    if (known >= 0) return known
    this.#makeRoom(length)
    const row = this.#free.pop() ?? this.#rows++
    this.#starts = withRoom(this.#starts, this.#rows)
    this.#lengths = withRoom(this.#lengths, this.#rows)
    encoded.copy(this.#letters, this.#end, 0, length)
    this.#starts[row] = this.#end
    this.#lengths[row] = length
    this.#end += length
    this.#index.add(row)
    return row
  }

  /** From now on the row is free, and may be the next name's. */
  delete(row: number): void {
    this.#index.delete(row)
    this.#idle += this.#lengths[row]!
    this.#lengths[row] = 0
    this.#free.push(row)
  }

  nameAt(row: number): string {
    const start = this.#starts[row]!
    return this.#letters.toString('utf8', start, start + this.#lengths[row]!)
  }

  /** Those in use. Rows may go while they are walked through. */
  *[Symbol.iterator](): Generator<number> {
    for (let row = 0; row < this.#rows; row++) if (this.#lengths[row]! > 0) yield row
  }

  /** @returns how many bytes of `encoded` the row's name is. */
  #encode(row: number): number {
    const [start, length] = [this.#starts[row]!, this.#lengths[row]!]
    makeRoomFor(length)
    for (let at = 0; at < length; at++) encoded[at] = this.#letters[start + at]!
    return length
  }

  #find(length: number): number {
    return this.#index.find(hash(encoded, 0, length), (row) => this.#isAt(row, length))
  }

  #hashOf(row: number): number {
    return hash(this.#letters, this.#starts[row]!, this.#lengths[row]!)
  }

  #isAt(row: number, length: number): boolean {
    if (this.#lengths[row] !== length) return false
    const start = this.#starts[row]!
    for (let at = 0; at < length; at++) if (this.#letters[start + at] !== encoded[at]) return false
    return true
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#letters.length) return
    const before = this.#letters
    const used = this.#end - this.#idle
    this.#letters = Buffer.alloc(Math.ceil((used + length) * 1.25) + 256)
    this.#end = 0
    this.#idle = 0
    for (const row of this) {
      const start = this.#starts[row]!
      before.copy(this.#letters, this.#end, start, start + this.#lengths[row]!)
      this.#starts[row] = this.#end
      this.#end += this.#lengths[row]!
    }
  }
}

/** The name that is looked for. */
let encoded = Buffer.alloc(1024)

/** @returns how many bytes of `encoded` the name is. */
function encode(name: string): number {
  if (name === '') throw new RangeError('a name is empty')
  makeRoomFor(name.length * 3)
  return encoded.write(name, 'utf8')
}

function makeRoomFor(bytes: number): void {
  if (bytes > encoded.length) encoded = Buffer.alloc(bytes)
}

/** FNV-1a, mixed. */
function hash(bytes: Uint8Array, from: number, length: number): number {
  let hash = 0x811c_9dc5
  for (let at = from; at < from + length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193)
  return mixed(hash)
}
