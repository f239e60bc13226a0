import { closeSync, openSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

const BUFFER = 1 << 20

/** Where a capture is written to: a path, or a stream that is ended with it. */
export type CaptureSink = string | Writable

/**
 * Collects what is written and passes it on in large pieces. To a path it writes as it goes, in memory that does not
 * grow; an error of the file system (such as a full disk) is thrown by the call that met it.
 */
export class Output {
  readonly #write: (chunk: Buffer) => void
  readonly #end: () => Promise<void>
  #buffer = Buffer.allocUnsafe(BUFFER)
  #used = 0

  constructor(sink: CaptureSink) {
    if (typeof sink === 'string') {
      const fd = openSync(sink, 'w')
      this.#write = (chunk) => {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      }
      this.#end = async () => closeSync(fd)
    } else {
      const ended = new Promise<void>((resolve, reject) => {
        sink.once('error', reject)
        sink.once('finish', resolve)
      })
      // close() hands the failure on; without a handler before that it would end the process.
      ended.catch(() => {})
      this.#write = (chunk) => void sink.write(Buffer.from(chunk))
      this.#end = () => {
        sink.end()
        return ended
      }
    }
  }

  /** The buffer that {@link reserve} gives places in; another one after a reservation that did not fit. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** @returns where in the buffer the next `length` bytes belong. */
  reserve(length: number): number {
    if (this.#used + length > this.#buffer.length) {
      this.#flush()
      if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length)
    }
    const at = this.#used
    this.#used += length
    return at
  }

  /** Writes what is still held back, and ends the sink. */
  async close(): Promise<void> {
    try {
      this.#flush()
    } finally {
      await this.#end()
    }
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#used))
    this.#used = 0
  }
}
