import type { Chance } from './chance.ts'

type Mutation = (bytes: Buffer, chance: Chance, other: Buffer) => Buffer

const TELLING_BYTES = [0, 1, 0x7f, 0x80, 0xff]
const LONGEST_INSERTION = 16

/** Where in the bytes something happens: in their first part, where headers are, as often as anywhere. */
function place({ length }: Buffer, chance: Chance): number {
  return chance.below(chance.oneIn(2) ? Math.min(length, 80) : length)
}

function part(bytes: Buffer, chance: Chance): { start: number; end: number } {
  const start = chance.below(bytes.length)
  return { start, end: start + chance.below(Math.min(64, bytes.length - start) + 1) }
}

/** What a length field may be set to: nearly right, at the edge of what fits, or far off. */
function lengthLike(old: number, size: number, left: number, chance: Chance): number {
  const full = 2 ** (8 * size) - 1
  const value = chance.oneOf([
    old + 1,
    old - 1,
    old + 4,
    old - 4,
    old + 8,
    old ^ 1,
    old * 2,
    left,
    left + 1,
    left - 1,
    chance.below(64),
    0,
    full,
    full - 3,
    Math.ceil(full / 2),
  ])
  return Math.min(Math.max(value, 0), full)
}

const mutations: Readonly<Record<string, Mutation>> = {
  'flip a bit': (bytes, chance) => {
    bytes[place(bytes, chance)]! ^= 1 << chance.below(8)
    return bytes
  },
  'set a byte': (bytes, chance) => {
    bytes[place(bytes, chance)] = chance.oneIn(2) ? chance.oneOf(TELLING_BYTES) : chance.below(256)
    return bytes
  },
  'edit a length': (bytes, chance) => {
    const size = chance.oneOf([1, 2, 2, 4])
    const at = Math.floor(place(bytes, chance) / Math.min(size, 2)) * Math.min(size, 2)
    const left = bytes.length - at - size
    if (left < 0) return bytes
    if (chance.oneIn(2))
      bytes.writeUIntBE(lengthLike(bytes.readUIntBE(at, size), size, left, chance), at, size)
    else bytes.writeUIntLE(lengthLike(bytes.readUIntLE(at, size), size, left, chance), at, size)
    return bytes
  },
  'cut the end off': (bytes, chance) => bytes.subarray(0, chance.below(bytes.length)),
  'cut a part out': (bytes, chance) => {
    const { start, end } = part(bytes, chance)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  'insert noise': (bytes, chance) => {
    const at = place(bytes, chance)
    const noise = chance.bytes(1 + chance.below(LONGEST_INSERTION))
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
  },
  'repeat a part': (bytes, chance) => {
    const { start, end } = part(bytes, chance)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  'swap two parts': (bytes, chance) => {
    const [a, b] = [part(bytes, chance), part(bytes, chance)].sort((x, y) => x.start - y.start)
    const end = Math.max(a!.end, b!.end)
    const pieces = [
      bytes.subarray(0, a!.start),
      bytes.subarray(b!.start, end),
      bytes.subarray(a!.start, b!.start),
      bytes.subarray(end),
    ]
    return Buffer.concat(pieces)
  },
  'copy over from another': (bytes, chance, other) => {
    if (other.length === 0) return bytes
    const { start, end } = part(other, chance)
    other.copy(bytes, place(bytes, chance), start, end)
    return bytes
  },
  'go on as another': (bytes, chance, other) => {
    const at = place(bytes, chance)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(Math.min(at, other.length))])
  },
}

const names = Object.keys(mutations)

/**
 * A copy of the bytes with one thing after the other done to it.
 *
 * @param other bytes of the same kind, for what takes from one and gives to another.
 * @param how is told what was done.
 */
export function mutateBytes(
  bytes: Buffer,
  other: Buffer,
  chance: Chance,
  how: (what: string) => void = () => {},
): Buffer {
  let mutated = Buffer.from(bytes)
  for (let left = chance.few(8); left > 0 && mutated.length > 0; left--) {
    const name = chance.oneOf(names)
    how(name)
    mutated = Buffer.from(mutations[name]!(mutated, chance, other))
  }
  return mutated
}
