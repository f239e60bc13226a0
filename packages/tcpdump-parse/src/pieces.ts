interface Piece {
  readonly offset: number
  readonly bytes: Buffer
}

/** What became of a piece that was added. */
export interface Added {
  /** How many of its bytes had come before. */
  readonly repeated: number
  /** The first position at which it does not agree with what had come before; undefined when it agrees everywhere. */
  readonly disagreement: number | undefined
}

const ALL_NEW: Added = { repeated: 0, disagreement: undefined }

/** Bytes that come in pieces, in any order, some of them more than once: of those the first stay. Pieces are copied. */
export class Pieces {
  /** In the order of their offsets, none overlapping. */
  readonly #pieces: Piece[] = []
  /** Bytes held. */
  size = 0

  /** How many pieces are kept. */
  get count(): number {
    return this.#pieces.length
  }

  /** Where the last piece ends. */
  get end(): number {
    return endOf(this.#pieces.at(-1))
  }

  add(offset: number, bytes: Uint8Array): Added {
    if (offset >= this.end) {
      if (bytes.length > 0) this.#insert(this.#pieces.length, offset, bytes)
      return ALL_NEW
    }
    const end = offset + bytes.length
    let repeated = 0
    let disagreement: number | undefined
    let at = offset
    let index = this.#firstEndingAfter(offset)
    for (; index < this.#pieces.length && this.#pieces[index]!.offset < end; index++) {
      const piece = this.#pieces[index]!
      if (piece.offset > at) this.#insert(index++, at, bytes.subarray(at - offset, piece.offset - offset))
      const from = Math.max(piece.offset, offset)
      const until = Math.min(endOf(piece), end)
      repeated += until - from
      disagreement ??= firstDifference(bytes, from - offset, piece, from, until)
      at = until
    }
    if (at < end) this.#insert(index, at, bytes.subarray(at - offset))
    return { repeated, disagreement }
  }

  /** What lies together without a gap, in order. */
  *runs(): Generator<{ offset: number; bytes: Buffer }> {
    let run: Piece[] = []
    for (const piece of this.#pieces) {
      if (run.length > 0 && piece.offset > endOf(run.at(-1))) {
        yield joined(run)
        run = []
      }
      run.push(piece)
    }
    if (run.length > 0) yield joined(run)
  }

  #insert(index: number, offset: number, bytes: Uint8Array): void {
    this.#pieces.splice(index, 0, { offset, bytes: Buffer.from(bytes) })
    this.size += bytes.length
  }

  #firstEndingAfter(offset: number): number {
    let [low, high] = [0, this.#pieces.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (endOf(this.#pieces[middle]) > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}

function endOf(piece: Piece | undefined): number {
  return piece === undefined ? Number.NEGATIVE_INFINITY : piece.offset + piece.bytes.length
}

function joined(pieces: readonly Piece[]): { offset: number; bytes: Buffer } {
  return { offset: pieces[0]!.offset, bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)) }
}

function firstDifference(
  bytes: Uint8Array,
  start: number,
  piece: Piece,
  from: number,
  until: number,
): number | undefined {
  for (let at = from; at < until; at++)
    if (bytes[start + at - from] !== piece.bytes[at - piece.offset]) return at
  return undefined
}
