const smallest = 16

/**
 * Finds rows of a table by what is in them. Only the rows' numbers are kept here, by linear probing, and whoever has the
 * table says what a row's hash is and whether it is the one.
 */
export class RowIndex {
  readonly #hashOf: (row: number) => number
  /** Each a row and 1; 0 where there is none. */
  #slots = new Uint32Array(smallest)
  #size = 0

  /** @param hashOf of a row that is in the index, 32 bits, in which the lower ones are as good as the others. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf
  }

  get size(): number {
    return this.#size
  }

  /** @returns -1 where there is none. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const mask = this.#slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#slots[at]!
      if (slot === 0) return -1
      if (isIt(slot - 1)) return slot - 1
    }
  }

  /** To be called once for a row, when what it is found by is there. */
  add(row: number): void {
    if ((this.#size + 1) * 4 > this.#slots.length * 3) this.#resize(this.#slots.length * 2)
    this.#put(row)
    this.#size++
  }

  /** To be called while what it is found by is still there. */
  delete(row: number): void {
    const mask = this.#slots.length - 1
    let hole = this.#hashOf(row) & mask
    while (this.#slots[hole] !== row + 1) {
      if (this.#slots[hole] === 0) return
      hole = (hole + 1) & mask
    }
    // Those behind it would not be found past the hole, so they move up: all that may be as far ahead.
    for (let at = (hole + 1) & mask; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashOf(this.#slots[at]! - 1) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#slots[hole] = this.#slots[at]!
      hole = at
    }
    this.#slots[hole] = 0
    this.#size--
    if (this.#slots.length > smallest && this.#size * 6 < this.#slots.length)
      this.#resize(this.#slots.length / 2)
  }

  #put(row: number): void {
    const mask = this.#slots.length - 1
    let at = this.#hashOf(row) & mask
    while (this.#slots[at] !== 0) at = (at + 1) & mask
    this.#slots[at] = row + 1
  }

  #resize(length: number): void {
    const before = this.#slots
    this.#slots = new Uint32Array(length)
    for (const slot of before) if (slot !== 0) this.#put(slot - 1)
  }
}

/** Every bit of the result depends on every bit that went in (the last step of MurmurHash3). */
export function mixed(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85eb_ca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
