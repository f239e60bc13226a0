import { brotliDecompressSync, constants } from 'node:zlib'
import { inflateAsFarAsItGoes } from './inflate.ts'

/** Most bytes one compressed member may become: a bomb costs this much and no more. */
const LONGEST_OUTPUT = 4 << 20
/** Most bytes all members of one piece of data may become, for small data and, as a multiple of it, for large. */
const MOST_OUTPUT = 16 << 20
const MOST_GROWTH = 8
/** As much as brotli may become before it counts. */
const LITTLE_OUTPUT = 1 << 16
/** Bytes that zlib sets aside before it has undone any: nearly always it will not undo one. */
const FIRST_CHUNK = 512
/** Too short to hold a token. */
const SMALLEST_OUTPUT = 8
const NOTHING = new Uint8Array()

/** How many bytes may still be inflated, with all that is found inside: what is left then is only searched as it is. */
export interface Budget {
  bytes: number
}

/** @param length of the data, in bytes. */
export const newBudget = (length: number): Budget => ({ bytes: Math.max(MOST_OUTPUT, MOST_GROWTH * length) })

export interface Member {
  readonly format: 'gzip' | 'zlib' | 'deflate' | 'brotli'
  readonly offset: number
  readonly content: Buffer
}

/**
 * Members of gzip (RFC 1952), zlib (RFC 1950, with the usual 32 KiB window), bare deflate (RFC 1951) and brotli (RFC 7932)
 * in some data, undone as far as they go; of brotli only what is sound. Checksums are not looked at. Bare deflate and
 * brotli have no mark, so they are tried at the start, after an empty line, where the body of an HTTP message starts, and
 * where else the caller says that content may start.
 */
export function* inflatedMembers(data: Buffer, budget: Budget, starts: readonly number[]): Generator<Member> {
  for (const { format, offset, body } of candidates(data, starts)) {
    if (budget.bytes <= 0) return
    if (body < 0) continue
    const limit = Math.min(LONGEST_OUTPUT, budget.bytes)
    const content =
      format === 'brotli' ? unbrotlied(data, body, limit) : inflateAsFarAsItGoes(data, body, limit)
    // What came to nothing after it had been undone as far as it may be has cost as much.
    budget.bytes -= content === undefined ? limit : content.length
    if (content === undefined) continue
    if (content.length < SMALLEST_OUTPUT) continue
    yield { format, offset, content: Buffer.from(content.buffer, content.byteOffset, content.length) }
  }
}

/** As much of a brotli stream as is there; nothing when it is none, and undefined when it is one that is not to be had. */
function unbrotlied(data: Buffer, start: number, limit: number): Uint8Array | undefined {
  // zlib does not tell how far it came before it failed: little is tried first, as nearly all bytes are no brotli.
  const first = brotliStart(data, start, Math.min(LITTLE_OUTPUT, limit), FIRST_CHUNK)
  if (first !== 'longer') return first
  const all = brotliStart(data, start, limit)
  return all === 'longer' || all.length === 0 ? undefined : all
}

/** @returns `longer` when it comes to more than `limit` bytes: then zlib gives none of them. */
function brotliStart(data: Buffer, start: number, limit: number, chunkSize?: number): Uint8Array | 'longer' {
  // Nearly all bytes are no brotli, and where that was found is of no interest: traces would take as long as the search.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return brotliDecompressSync(data.subarray(start), {
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength: limit,
      ...(chunkSize === undefined ? {} : { chunkSize }),
    })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'longer' : NOTHING
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

interface Candidate {
  readonly format: Member['format']
  readonly offset: number
  /** Where the deflated data would start; -1 when the header before it is not whole. */
  readonly body: number
}

const EMPTY_LINE = Buffer.from('\r\n\r\n')
const GZIP_MARK = Buffer.from([0x1f, 0x8b, 8])
const ZLIB_WINDOW = 0x78
/** The second byte for each of the four levels; its check bits leave no other, without a preset dictionary. */
const ZLIB_LEVELS = [0x01, 0x5e, 0x9c, 0xda]

function* candidates(data: Buffer, starts: readonly number[]): Generator<Candidate> {
  for (const start of new Set([0, ...starts, ...bodies(data)])) {
    yield { format: 'deflate', offset: start, body: start }
    yield { format: 'brotli', offset: start, body: start }
  }
  for (let at = data.indexOf(GZIP_MARK); at >= 0; at = data.indexOf(GZIP_MARK, at + 3))
    yield { format: 'gzip', offset: at, body: gzipBody(data, at) }
  for (let at = data.indexOf(ZLIB_WINDOW); at >= 0; at = data.indexOf(ZLIB_WINDOW, at + 1))
    if (ZLIB_LEVELS.includes(data[at + 1]!)) yield { format: 'zlib', offset: at, body: at + 2 }
}

function bodies(data: Buffer): number[] {
  const found: number[] = []
  for (let at = data.indexOf(EMPTY_LINE); at >= 0; at = data.indexOf(EMPTY_LINE, at + 4)) found.push(at + 4)
  return found
}

const GZIP_CHECKSUM = 2
const GZIP_EXTRA = 4
const GZIP_NAME = 8
const GZIP_COMMENT = 16

/** Where the deflated data of a gzip member starts; -1 when its header does not end. */
export function gzipBody(data: Buffer, start: number): number {
  const flags = data[start + 3]
  if (flags === undefined || flags > 31) return -1
  let at = start + 10
  if (flags & GZIP_EXTRA) {
    if (at + 2 > data.length) return -1
    at += 2 + data.readUInt16LE(at)
  }
  for (const text of [GZIP_NAME, GZIP_COMMENT])
    if (flags & text) {
      const end = data.indexOf(0, at)
      if (end < 0) return -1
      at = end + 1
    }
  return flags & GZIP_CHECKSUM ? at + 2 : at
}
