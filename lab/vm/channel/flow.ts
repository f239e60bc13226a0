import { encodeFrame, frameKind } from './frames.ts'
import { Window } from './window.ts'

const chunkBytes = 16 * 1024

/**
 * Of one command's data, how much may be under way until the command, or whoever reads it, has consumed some: a slow
 * reader holds up its own command only.
 */
const commandBytes = 256 * 1024

/** Sends one command's data, as fast as it is consumed. */
export class Outlet {
  readonly #command: number
  readonly #send: (frame: Buffer) => void
  readonly #window = new Window(commandBytes)
  #closed = false
  #lastMoved = performance.now()

  constructor(command: number, send: (frame: Buffer) => void) {
    this.#command = command
    this.#send = send
  }

  /** Sends all of a stream; resolves when it has ended. */
  async pump(kind: number, source: NodeJS.ReadableStream): Promise<void> {
    for await (const data of source) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        while (!this.#closed && this.#window.full) await this.#window.freed()
        if (this.#closed) return
        const chunk = bytes.subarray(at, at + chunkBytes)
        this.#window.take(chunk.length)
        this.#lastMoved = performance.now()
        this.#send(encodeFrame(kind, this.#command, chunk))
      }
    }
  }

  /** So many bytes were consumed at the other end. */
  credit(bytes: number): void {
    this.#lastMoved = performance.now()
    this.#window.release(bytes)
  }

  /** Milliseconds in which nothing was sent although there was room for it. */
  get idleMs(): number {
    return this.#window.full ? 0 : performance.now() - this.#lastMoved
  }

  /** Nobody listens any more: pumps end at their next chunk. */
  close(): void {
    this.#closed = true
    this.#window.release(0)
  }
}

/** Writes received data to a stream, and tells the sender as it is consumed. */
export function consume(
  target: NodeJS.WritableStream,
  command: number,
  data: Buffer,
  send: (frame: Buffer) => void,
): void {
  // A target that has gone takes nothing, but the sender must not wait for it.
  target.write(data, () => send(countFrame(frameKind.credit, command, data.length)))
}

export function countFrame(kind: number, command: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(bytes)
  return encodeFrame(kind, command, payload)
}
