import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { CaptureError } from '../problem.ts'
import { compressionOf } from './compression.ts'
import { GzipStart } from './salvage.ts'

/** Where a capture is read from: a path (of a file or a named pipe), or anything that gives its bytes in pieces. */
export type CaptureSource = string | URL | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/** Bytes one after the other, into memory of the reader's. */
export interface ByteSource {
  /** What to call the source in a message. */
  readonly name: string
  /** Fills a part of `target` from `at` on. @returns how many bytes; 0 at the end. */
  read(target: Buffer, at: number): Promise<number>
  /** Why the bytes end before they should, if they do: what was given before that holds. */
  readonly damage: string | undefined
  close(): Promise<void>
}

/**
 * Opens a source, and undoes gzip (RFC 1952) or zstd (RFC 8878) where its first bytes say so.
 *
 * @throws what `fs` throws when a file cannot be opened.
 */
export async function openSource(source: CaptureSource, signal?: AbortSignal): Promise<ByteSource> {
  if (typeof source !== 'string' && !(source instanceof URL))
    return inflated(new StreamSource(pieces(source), 'the stream', signal), signal)
  const name = typeof source === 'string' ? source : source.pathname
  const file = await open(source, 'r')
  try {
    if ((await file.stat()).isDirectory()) throw new CaptureError(`${name} is a directory`, 0)
    return await inflated(new FileSource(file, name), signal)
  } catch (error) {
    await file.close()
    throw error
  }
}

function pieces(source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  // The types of the web's streams lack that they can be iterated; Node's can.
  return source as AsyncIterable<Uint8Array>
}

/** Looks at the first bytes, and puts a decompressor between where they are those of a compressed file. */
async function inflated(source: ByteSource, signal?: AbortSignal): Promise<ByteSource> {
  const head = Buffer.alloc(4)
  let length = 0
  for (let read = -1; length < 4 && read !== 0; length += read) read = await source.read(head, length)
  const whole = new RewoundSource(source, head.subarray(0, length))
  switch (compressionOf(head.subarray(0, length))) {
    case 'gzip':
      // Without this a file that was cut off gives nothing of its last block.
      return decompressed(
        whole,
        createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
        signal,
        new GzipStart(),
      )
    case 'zstd':
      return decompressed(whole, createZstdDecompress(), signal)
    default:
      return whole
  }
}

function decompressed(
  source: ByteSource,
  decompressor: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
  signal?: AbortSignal,
  kept?: GzipStart,
): ByteSource {
  const feeder = Readable.from(chunks(source, kept))
  feeder.on('error', (error) => decompressor.destroy(error))
  feeder.pipe(decompressor)
  const afterDamage = (given: number): Uint8Array => kept?.contentAfter(given) ?? new Uint8Array()
  const stream = new StreamSource(decompressor, `the content of ${source.name}`, signal, afterDamage)
  return {
    name: stream.name,
    read: (target, at) => stream.read(target, at),
    get damage() {
      return source.damage ?? stream.damage
    },
    async close() {
      feeder.destroy()
      await stream.close()
      await source.close()
    },
  }
}

const CHUNK = 1 << 18

async function* chunks(source: ByteSource, kept: GzipStart | undefined): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    const length = await source.read(chunk, 0)
    if (length === 0) return
    kept?.add(chunk.subarray(0, length))
    yield chunk.subarray(0, length)
  }
}

class FileSource implements ByteSource {
  readonly name: string
  readonly damage = undefined
  readonly #file: FileHandle

  constructor(file: FileHandle, name: string) {
    this.#file = file
    this.name = name
  }

  async read(target: Buffer, at: number): Promise<number> {
    return (await this.#file.read(target, at, target.length - at, null)).bytesRead
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Pieces of any size, of which the rest is kept when a reader has no room for all. */
class StreamSource implements ByteSource {
  readonly name: string
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  readonly #afterDamage: ((given: number) => Uint8Array) | undefined
  #given = 0
  #rest: Uint8Array = new Uint8Array()
  damage: string | undefined

  /** @param afterDamage of compressed data: what can still be had when it turns out to be damaged. */
  constructor(
    pieces: AsyncIterable<Uint8Array>,
    name: string,
    signal: AbortSignal | undefined,
    afterDamage?: (given: number) => Uint8Array,
  ) {
    this.#pieces = pieces[Symbol.asyncIterator]()
    this.name = name
    this.#signal = signal
    this.#afterDamage = afterDamage
  }

  async read(target: Buffer, at: number): Promise<number> {
    while (this.#rest.length === 0) {
      const next = await this.#next()
      if (next === undefined) return 0
      this.#given += next.length
      this.#rest = next
    }
    const length = Math.min(this.#rest.length, target.length - at)
    target.set(this.#rest.subarray(0, length), at)
    this.#rest = this.#rest.subarray(length)
    return length
  }

  async close(): Promise<void> {
    // Not waited for: a source that never answers must not hold up whoever has had enough of it.
    void Promise.resolve(this.#pieces.return?.()).catch(() => {})
  }

  async #next(): Promise<Uint8Array | undefined> {
    const signal = this.#signal
    signal?.throwIfAborted()
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const { value, done } = await Promise.race([this.#pieces.next(), aborted])
      return done ? undefined : value
    } catch (error) {
      if (!this.#afterDamage || signal?.aborted || !isDamage(error)) throw error
      this.damage = (error as Error).message
      return this.#afterDamage(this.#given)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** zlib's complaints of the data, as opposed to those of a file system. */
function isDamage(error: unknown): boolean {
  return /^(Z_|ZSTD_|ERR_ZSTD|ERR__ERROR)/.test((error as NodeJS.ErrnoException).code ?? '')
}

/** A source whose first bytes have been looked at. */
class RewoundSource implements ByteSource {
  readonly name: string
  readonly #source: ByteSource
  #head: Buffer

  constructor(source: ByteSource, head: Buffer) {
    this.name = source.name
    this.#source = source
    this.#head = head
  }

  get damage(): string | undefined {
    return this.#source.damage
  }

  async read(target: Buffer, at: number): Promise<number> {
    if (this.#head.length === 0) return this.#source.read(target, at)
    const length = this.#head.copy(target, at)
    this.#head = this.#head.subarray(length)
    return length
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}
