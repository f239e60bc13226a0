import { decode, type Frame } from '../frame/frame.ts'
import { Pieces } from '../pieces.ts'

/** About what keeping a piece takes besides its bytes: without it the smallest of fragments would seem to cost nothing. */
const OVERHEAD = 256

/** The pieces of a packet that have come so far. */
export class PartialPacket {
  /** When the first of them was captured. */
  readonly since: bigint
  readonly #pieces = new Pieces()
  #first: Frame | undefined
  #length: number | undefined

  constructor(since: bigint) {
    this.since = since
  }

  /** Bytes of the packet that are there. */
  get size(): number {
    return this.#pieces.size
  }

  /** Bytes of memory that it takes. */
  get held(): number {
    return this.size + (this.#first?.data.length ?? 0) + (1 + this.#pieces.count) * OVERHEAD
  }

  /** The frame of the piece that the packet begins with: its headers are the packet's. */
  get first(): Frame {
    return this.#first!
  }

  get isWhole(): boolean {
    return this.#first !== undefined && this.#length === this.size && this.#pieces.end === this.#length
  }

  /** What the pieces are together. */
  get payload(): Buffer {
    const [run] = this.#pieces.runs()
    return run?.bytes ?? Buffer.alloc(0)
  }

  /**
   * @param start of the piece's bytes in the frame's data.
   * @returns the first byte of the packet on which the piece does not agree with what came before; undefined when there
   * is none.
   */
  add(frame: Frame, start: number): number | undefined {
    const { data, layers, fragment } = frame
    const { offset, more } = fragment!
    const bytes = data.subarray(start, layers.end)
    // The frame's data may be written over when the next ones are read.
    if (offset === 0) this.#first ??= decode(Buffer.from(data), frame.linkType)
    if (!more) this.#length ??= offset + bytes.length
    return this.#pieces.add(offset, bytes).disagreement
  }
}
