import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { KindError } from '../error.ts'

/** One file of an archive; `content` is there only where it was wanted. */
export interface TarEntry {
  readonly name: string
  readonly content: Buffer | undefined
}

const block = 512

/**
 * Walks through a tar archive, gzip, zstd or not compressed, without unpacking it.
 *
 * @param wanted says of which files the content is needed, by name and length in bytes.
 * @throws KindError `EOUTPUT` where it is no tar archive or ends too early.
 */
export async function* readTar(
  file: string,
  wanted: (name: string, length: number) => boolean,
  signal?: AbortSignal,
): AsyncGenerator<TarEntry> {
  const bytes = new ByteReader(await openStream(file, signal))
  let longName: string | undefined
  for (;;) {
    const header = await bytes.read(block)
    if (!header || header.every((byte) => byte === 0)) return
    if (!hasValidChecksum(header)) throw notTar(file)
    const length = numberAt(header, 124, 12)
    const type = String.fromCharCode(header[156]!)
    const name: string = longName ?? nameOf(header)
    longName = undefined
    const padded = Math.ceil(length / block) * block
    const isMeta = type === 'L' || type === 'x'
    if (isMeta ? length > 1 << 20 : type !== '0' && type !== '\0') {
      if (!(await bytes.skip(padded))) throw cutShort(file)
      continue
    }
    if (!isMeta && !wanted(name, length)) {
      if (!(await bytes.skip(padded))) throw cutShort(file)
      yield { name, content: undefined }
      continue
    }
    const content = (await bytes.read(padded))?.subarray(0, length)
    if (!content) throw cutShort(file)
    if (type === 'L') longName = text(content)
    else if (type === 'x') longName = paxPath(content)
    else yield { name, content: Buffer.from(content) }
  }
}

async function openStream(file: string, signal: AbortSignal | undefined): Promise<Readable> {
  const handle = await open(file)
  const magic = Buffer.alloc(4)
  await handle.read(magic, 0, 4, 0)
  await handle.close()
  const raw = createReadStream(file, signal ? { signal } : {})
  const unpack =
    magic.readUInt16BE() === 0x1f8b
      ? createGunzip()
      : magic.readUInt32LE() === 0xfd2fb528
        ? createZstdDecompress()
        : undefined
  if (!unpack) return raw
  raw.on('error', (error) => unpack.destroy(error))
  return raw.pipe(unpack)
}

/** Takes a stream in pieces of any length. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** @returns nothing where the stream ends before. */
  async read(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#next())) return undefined
      const part = this.#rest.subarray(0, missing)
      parts.push(part)
      this.#rest = this.#rest.subarray(part.length)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  /** @returns whether there was so much. */
  async skip(length: number): Promise<boolean> {
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#next())) return false
      const part = Math.min(missing, this.#rest.length)
      this.#rest = this.#rest.subarray(part)
      missing -= part
    }
    return true
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    this.#rest = value
    return true
  }
}

function nameOf(header: Buffer): string {
  const name = text(header.subarray(0, 100))
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header.subarray(345, 500)) : ''
  return prefix ? `${prefix}/${name}` : name
}

function paxPath(content: Buffer): string | undefined {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const length = Number(content.toString('latin1', at, space))
    if (space < 0 || !(length > 0)) return undefined
    const record = content.toString('utf8', space + 1, at + length - 1)
    if (record.startsWith('path=')) return record.slice('path='.length)
    at += length
  }
  return undefined
}

/** Octal digits, or, for large values, a number with its first bit set. */
function numberAt(header: Buffer, offset: number, length: number): number {
  if ((header[offset]! & 0x80) === 0)
    return Number.parseInt(text(header.subarray(offset, offset + length)).trim() || '0', 8)
  return Number(header.readBigUInt64BE(offset + length - 8))
}

function hasValidChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i]!
  return sum === numberAt(header, 148, 8)
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function notTar(file: string): KindError {
  return new KindError('EOUTPUT', `${file} is no tar archive`)
}

function cutShort(file: string): KindError {
  return new KindError('EOUTPUT', `${file} ends in the middle of a file`)
}
