/**
 * Deflate (RFC 1951) undone as far as it goes: what comes before an error, before the end of the input or before the
 * limit is returned. zlib's own gives nothing in these cases, and costs far more to set up than it takes to see that
 * most bytes are not the start of a deflate stream.
 */
export function inflateAsFarAsItGoes(data: Uint8Array, start: number, limit: number): Uint8Array {
  const state: State = {
    data,
    at: start,
    bits: 0,
    count: 0,
    out: scratch,
    used: 0,
    limit,
  }
  for (let last = 0; last === 0; ) {
    last = take(state, 1)
    if (last < 0 || !inflateBlock(state)) break
  }
  return state.out === scratch ? scratch.slice(0, state.used) : state.out.subarray(0, state.used)
}

interface State {
  readonly data: Uint8Array
  at: number
  /** Bits read but not yet taken, the next one lowest. */
  bits: number
  count: number
  out: Uint8Array
  used: number
  readonly limit: number
}

/** A canonical Huffman code: how many codes of each length there are, and their symbols in order. */
interface Code {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

/** Holds the start of each output, which is all there is of most: bytes that were no deflate stream after all. */
const scratch = new Uint8Array(1024)
const LONGEST_CODE = 15
const END_OF_BLOCK = 256

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
/** The order in which the lengths of the code-length code come (RFC 1951 section 3.2.7). */
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

const FIXED_LITERALS = buildCode(
  Uint8Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  ),
)!
const FIXED_DISTANCES = buildCode(new Uint8Array(30).fill(5), true)!

/** @returns whether the block was whole, so that another may follow. */
function inflateBlock(state: State): boolean {
  const type = take(state, 2)
  if (type === 0) return copyStored(state)
  if (type === 1) return inflateCodes(state, FIXED_LITERALS, FIXED_DISTANCES)
  const codes = type === 2 ? readCodes(state) : undefined
  return codes !== undefined && inflateCodes(state, codes.literals, codes.distances)
}

/** @returns -1 at the end of the input. */
function take(state: State, wanted: number): number {
  while (state.count < wanted) {
    if (state.at >= state.data.length) return -1
    state.bits |= state.data[state.at++]! << state.count
    state.count += 8
  }
  const value = state.bits & ((1 << wanted) - 1)
  state.bits >>>= wanted
  state.count -= wanted
  return value
}

/** @returns a symbol; -1 when no code fits or the input ends. */
function decodeSymbol(state: State, { counts, symbols }: Code): number {
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= LONGEST_CODE; length++) {
    const bit = take(state, 1)
    if (bit < 0) return -1
    code |= bit
    const count = counts[length]!
    if (code - count < first) return symbols[index + code - first]!
    index += count
    first = (first + count) << 1
    code <<= 1
  }
  return -1
}

/** @returns undefined when the lengths are no code: too many, or too few unless `incomplete` ones may be. */
function buildCode(lengths: Uint8Array, incomplete = false): Code | undefined {
  const counts = new Uint16Array(LONGEST_CODE + 1)
  for (const length of lengths) counts[length]!++
  let left = 1
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = (left << 1) - counts[length]!
    if (left < 0) return undefined
  }
  if (left > 0 && !incomplete) return undefined
  const offsets = new Uint16Array(LONGEST_CODE + 2)
  for (let length = 1; length <= LONGEST_CODE; length++)
    offsets[length + 1] = offsets[length]! + counts[length]!
  const symbols = new Uint16Array(lengths.length)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!
    if (length !== 0) symbols[offsets[length]!++] = symbol
  }
  return { counts, symbols }
}

function readCodes(state: State): { literals: Code; distances: Code } | undefined {
  const literalCount = take(state, 5) + 257
  const distanceCount = take(state, 5) + 1
  const lengthCount = take(state, 4) + 4
  if (lengthCount < 4 || literalCount > 286 || distanceCount > 30) return undefined
  const own = new Uint8Array(19)
  for (let i = 0; i < lengthCount; i++) {
    const length = take(state, 3)
    if (length < 0) return undefined
    own[LENGTHS_ORDER[i]!] = length
  }
  const lengthCode = buildCode(own)
  if (!lengthCode) return undefined
  const lengths = readLengths(state, lengthCode, literalCount + distanceCount)
  if (!lengths || lengths[END_OF_BLOCK] === 0) return undefined
  // A single distance code may be one bit of which only 0 is used; zlib writes literals that way, too.
  const literals = buildCode(lengths.subarray(0, literalCount), true)
  const distances = buildCode(lengths.subarray(literalCount), true)
  return literals && distances && { literals, distances }
}

function readLengths(state: State, code: Code, total: number): Uint8Array | undefined {
  const lengths = new Uint8Array(total)
  for (let at = 0; at < total; ) {
    const symbol = decodeSymbol(state, code)
    if (symbol < 0) return undefined
    if (symbol < 16) {
      lengths[at++] = symbol
      continue
    }
    if (symbol === 16 && at === 0) return undefined
    const value = symbol === 16 ? lengths[at - 1]! : 0
    const extra = take(state, symbol === 16 ? 2 : symbol === 17 ? 3 : 7)
    const times = extra + (symbol === 18 ? 11 : 3)
    if (extra < 0 || at + times > total) return undefined
    lengths.fill(value, at, at + times)
    at += times
  }
  return lengths
}

function copyStored(state: State): boolean {
  state.bits = 0
  state.count = 0
  const { data, at } = state
  if (at + 4 > data.length) return false
  const length = data[at]! | (data[at + 1]! << 8)
  if (length !== ((data[at + 2]! | (data[at + 3]! << 8)) ^ 0xffff)) return false
  const part = data.subarray(at + 4, Math.min(at + 4 + length, at + 4 + state.limit - state.used))
  grow(state, part.length)
  state.out.set(part, state.used)
  state.used += part.length
  state.at = at + 4 + part.length
  return part.length === length
}

function inflateCodes(state: State, literals: Code, distances: Code): boolean {
  while (state.used < state.limit) {
    const symbol = decodeSymbol(state, literals)
    if (symbol < 0) return false
    if (symbol === END_OF_BLOCK) return true
    if (symbol < END_OF_BLOCK) {
      if (state.used === state.out.length) grow(state, 1)
      state.out[state.used++] = symbol
    } else if (!repeat(state, symbol - END_OF_BLOCK - 1, distances)) return false
  }
  return false
}

/** Copies bytes of the output that came before; they may overlap with what is being written. */
function repeat(state: State, lengthSymbol: number, distances: Code): boolean {
  if (lengthSymbol >= LENGTH_BASE.length) return false
  const lengthExtra = take(state, LENGTH_EXTRA[lengthSymbol]!)
  const distanceSymbol = decodeSymbol(state, distances)
  if (lengthExtra < 0 || distanceSymbol < 0 || distanceSymbol >= DISTANCE_BASE.length) return false
  const distanceExtra = take(state, DISTANCE_EXTRA[distanceSymbol]!)
  const distance = DISTANCE_BASE[distanceSymbol]! + distanceExtra
  if (distanceExtra < 0 || distance > state.used) return false
  const length = LENGTH_BASE[lengthSymbol]! + lengthExtra
  grow(state, length)
  const { out } = state
  for (let end = state.used + length; state.used < end; state.used++)
    out[state.used] = out[state.used - distance]!
  return true
}

function grow(state: State, more: number): void {
  if (state.used + more <= state.out.length) return
  const larger = new Uint8Array(Math.max(state.out.length * 4, state.used + more))
  larger.set(state.out.subarray(0, state.used))
  state.out = larger
}
