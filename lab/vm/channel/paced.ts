/**
 * User-Mode Linux stops its serial line when the 4 KiB that its terminal layer buffers are full, and what then still
 * waits outside can lie there until more comes. With less than that under way it never stops.
 */
const underwayLimit = 3 * 1024

/** Sends bytes over a line in pieces, each once enough of those before have arrived at the other end. */
export class PacedSender {
  readonly #write: (bytes: Buffer) => void
  readonly #queue: Buffer[] = []
  #underway = 0

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  send(bytes: Buffer): void {
    this.#queue.push(bytes)
    this.#advance()
  }

  /** So many bytes have arrived. */
  arrived(bytes: number): void {
    this.#underway -= bytes
    this.#advance()
  }

  #advance(): void {
    while (this.#queue.length > 0 && this.#underway < underwayLimit) {
      const next = this.#queue[0]!
      const piece = next.subarray(0, underwayLimit - this.#underway)
      if (piece.length === next.length) this.#queue.shift()
      else this.#queue[0] = next.subarray(piece.length)
      this.#underway += piece.length
      this.#write(piece)
    }
  }
}
