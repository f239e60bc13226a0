import { gzipBody } from '../canary/compressed.ts'
import { inflateAsFarAsItGoes } from '../canary/inflate.ts'

/** Most compressed bytes that are kept, and most that they may have become. */
const LONGEST_INPUT = 4 << 20
const LONGEST_OUTPUT = 64 << 20
const DEFLATE = 8
const HEADER_CHECKSUM = 2
const USUAL_INPUT = 1 << 16
/** More than zlib, and the stream behind it, hold back. */
const HELD_BACK = 1 << 16

/**
 * The first part of a gzip file, kept until it is too long. zlib gives nothing of the piece of output (16 KiB) in which it
 * comes upon damage, such as a wrong checksum: of a small capture that is all there is.
 */
export class GzipStart {
  #bytes: Buffer | undefined = Buffer.alloc(USUAL_INPUT)
  #length = 0

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > LONGEST_INPUT) this.#bytes = undefined
    if (!this.#bytes) return
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#bytes.length, length))
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** @returns what comes after the first `given` bytes of its content, up to the damage; nothing when that is not known. */
  contentAfter(given: number): Uint8Array {
    if (!this.#bytes || given > LONGEST_OUTPUT) return new Uint8Array()
    const input = this.#bytes.subarray(0, this.#length)
    // Of a header that zlib refuses nothing is content.
    const isDeflate = input[2] === DEFLATE && (input[3]! & HEADER_CHECKSUM) === 0
    const body = isDeflate ? gzipBody(input, 0) : -1
    return body < 0 ? new Uint8Array() : inflateAsFarAsItGoes(input, body, given + HELD_BACK).subarray(given)
  }
}
