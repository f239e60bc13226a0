import { inflateAsFarAsItGoes } from './inflate.ts'

/** Most bytes one compressed member may become: a bomb costs this much and no more. */
const LONGEST_OUTPUT = 4 << 20
/** Most bytes all members of one piece of data may become, for small data and, as a multiple of it, for large. */
const MOST_OUTPUT = 16 << 20
const MOST_GROWTH = 8
/** Too short to hold a token. */
const SMALLEST_OUTPUT = 8
/** How many bytes may still be inflated, with all that is found inside: what is left then is only searched as it is. */
export interface Budget {
  bytes: number
}

/** @param length of the data, in bytes. */
export const newBudget = (length: number): Budget => ({ bytes: Math.max(MOST_OUTPUT, MOST_GROWTH * length) })

export interface Member {
  readonly format: 'gzip' | 'zlib' | 'deflate'
  readonly offset: number
  readonly content: Buffer
}

/**
 * Members of gzip (RFC 1952), zlib (RFC 1950, with the usual 32 KiB window) and bare deflate (RFC 1951) in some data,
 * inflated as far as they go. Checksums are not looked at. Bare deflate has no mark, so it is tried at the start and
 * after an empty line, where the body of an HTTP message starts.
 */
export function* inflatedMembers(data: Buffer, budget: Budget): Generator<Member> {
  for (const { format, offset, body } of candidates(data)) {
    if (budget.bytes <= 0) return
    if (body < 0) continue
    const content = inflateAsFarAsItGoes(data, body, Math.min(LONGEST_OUTPUT, budget.bytes))
    budget.bytes -= content.length
    if (content.length < SMALLEST_OUTPUT) continue
    yield { format, offset, content: Buffer.from(content.buffer, 0, content.length) }
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

function* candidates(data: Buffer): Generator<Candidate> {
  yield { format: 'deflate', offset: 0, body: 0 }
  for (let at = data.indexOf(EMPTY_LINE); at >= 0; at = data.indexOf(EMPTY_LINE, at + 4))
    yield { format: 'deflate', offset: at + 4, body: at + 4 }
  for (let at = data.indexOf(GZIP_MARK); at >= 0; at = data.indexOf(GZIP_MARK, at + 3))
    yield { format: 'gzip', offset: at, body: gzipBody(data, at) }
  for (let at = data.indexOf(ZLIB_WINDOW); at >= 0; at = data.indexOf(ZLIB_WINDOW, at + 1))
    if (ZLIB_LEVELS.includes(data[at + 1]!)) yield { format: 'zlib', offset: at, body: at + 2 }
}

const GZIP_CHECKSUM = 2
const GZIP_EXTRA = 4
const GZIP_NAME = 8
const GZIP_COMMENT = 16

/** Where the deflated data of a gzip member starts; -1 when its header does not end. */
function gzipBody(data: Buffer, start: number): number {
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
