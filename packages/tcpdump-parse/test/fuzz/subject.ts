import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { EspSa } from '../../src/esp/sa.ts'
import { Chance } from './chance.ts'
import { type Chunk, withBody, withFrame } from './chunks.ts'
import { type KeyText, mutateText } from './key-texts.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Seed, Seeds } from './seeds.ts'
import { carry } from './tunnel-frames.ts'

/** What one case is about. */
export interface Subject {
  readonly number: number
  /** The mutated capture. */
  readonly bytes: Buffer
  readonly sas: readonly EspSa[]
  /** Where each piece of it ends that is handed to the reader. */
  readonly pieces: readonly number[]
  /** A text of keys, with some cases. */
  readonly text?: KeyText
  /** The capture it was made of, and what was done to it. */
  readonly how: readonly string[]
}

/** The case of this number: the same for the same seed each time, whatever other cases there are. */
export function subjectOf(seeds: Seeds, seed: number, number: number): Subject {
  const chance = new Chance(seed, number)
  const maker = new Maker(seeds, chance)
  const bytes = maker.capture()
  const text = chance.oneIn(8) ? mutateText(chance, (what) => maker.how.push(what)) : undefined
  return {
    number,
    bytes,
    sas: [...maker.sas],
    pieces: cuts(bytes, chance),
    how: maker.how,
    ...(text && { text }),
  }
}

/** All at once as often as not. */
function cuts({ length }: Buffer, chance: Chance): number[] {
  const inside = chance.oneIn(2) ? [] : Array.from({ length: chance.few(6) }, () => chance.below(length + 1))
  return [...inside.sort((a, b) => a - b), length]
}

const LARGE = 1 << 20

class Maker {
  readonly how: string[] = []
  readonly sas = new Set<EspSa>()
  readonly #seeds: Seeds
  readonly #chance: Chance
  readonly #seed: Seed
  #chunks: Chunk[]

  constructor(seeds: Seeds, chance: Chance) {
    this.#seeds = seeds
    this.#chance = chance
    this.#seed = chance.oneIn(256) ? chance.oneOf(seeds.large) : this.#someSeed()
    this.how.push(this.#seed.name)
    this.#chunks = [...this.#seed.chunks]
    for (const sa of this.#seed.sas) this.sas.add(sa)
  }

  /** Of the three levels on which something can be done to it, one at least is chosen. */
  capture(): Buffer {
    const chance = this.#chance
    const levels = 1 + chance.below(7)
    if (levels & 1) this.#changeFrames()
    if (levels & 2) this.#changeChunks()
    if (chance.oneIn(4096)) this.#repeatUntilLarge()
    const bytes: Buffer = Buffer.concat(this.#chunks.map((chunk) => chunk.bytes))
    return this.#compressed(levels & 4 ? this.#changedFile(bytes) : bytes)
  }

  #someSeed(): Seed {
    return this.#chance.oneOf(this.#chance.oneIn(2) ? this.#seeds.sealed : this.#seeds.open)
  }

  /** Without the file's header next to nothing is read, so it mostly stays. */
  #changedFile(bytes: Buffer): Buffer {
    const header = this.#chance.oneIn(4) ? 0 : Math.min(this.#chunks[0]?.bytes.length ?? 0, bytes.length)
    const rest = this.#changed(bytes.subarray(header), this.#someRecord())
    return Buffer.concat([bytes.subarray(0, header), rest])
  }

  #changed(bytes: Buffer, other: Buffer): Buffer {
    return mutateBytes(bytes, other, this.#chance, (what) => this.how.push(what))
  }

  #someRecord(): Buffer {
    return this.#chance.oneOf(this.#someSeed().chunks).bytes
  }

  #changeFrames(): void {
    const chance = this.#chance
    for (let left = chance.few(4); left > 0; left--) {
      const packets = [...this.#chunks.keys()].filter((at) => this.#chunks[at]!.frame)
      if (packets.length === 0) return
      const index = chance.oneOf(packets)
      const chunk = this.#chunks[index]!
      const data = chunk.bytes.subarray(chunk.frame!.start, chunk.frame!.end)
      const other = chance.oneOf(this.#seeds.ethernetFrames)
      if (!chance.oneIn(3)) {
        this.how.push(`packet ${index}:`)
        this.#chunks[index] = withFrame(this.#seed, chunk, this.#changed(data, other))
        continue
      }
      // What is carried is changed as often as not: behind a seal nothing else reaches it.
      const inner = chance.oneIn(2) ? this.#changed(other, data) : other
      const { frames, sas } = carry(inner, chance, (what) => this.how.push(`packet ${index}: ${what}`))
      for (const sa of sas) this.sas.add(sa)
      this.#chunks.splice(index, 1, ...frames.map((frame) => withFrame(this.#seed, chunk, frame)))
    }
  }

  #changeChunks(): void {
    const chance = this.#chance
    const chunks = this.#chunks
    for (let left = chance.few(5); left > 0 && chunks.length > 0; left--) {
      const [index, to] = [this.#someIndex(), this.#someIndex()]
      const done = chance.oneOf(['repeat', 'remove', 'swap', 'splice', 'splice', 'change'] as const)
      this.how.push(`${done} record ${index}`)
      if (done === 'repeat') chunks.splice(to, 0, chunks[index]!)
      else if (done === 'remove') chunks.splice(index, 1)
      else if (done === 'swap') [chunks[index], chunks[to]] = [chunks[to]!, chunks[index]!]
      else if (done === 'splice') this.#splice(index)
      else chunks[index] = this.#changedChunk(chunks[index]!)
    }
  }

  /** Mostly not the first: the header of the file. */
  #someIndex(): number {
    const { length } = this.#chunks
    return length === 1 || this.#chance.oneIn(16) ? 0 : 1 + this.#chance.below(length - 1)
  }

  #splice(index: number): void {
    const other = this.#someSeed()
    const from = this.#chance.below(other.chunks.length)
    const count = this.#chance.few(4)
    this.how.push(`from ${other.name}`)
    for (const sa of other.sas) this.sas.add(sa)
    // Only records in the byte order of this capture can be given another frame later.
    const isAlike = other.format === this.#seed.format && other.littleEndian === this.#seed.littleEndian
    const taken = other.chunks
      .slice(from, from + count)
      .map((chunk) => (isAlike ? chunk : { bytes: chunk.bytes }))
    this.#chunks.splice(index, 0, ...taken)
  }

  /** The block stays one, so that what follows it is still read; elsewhere the bytes alone are changed. */
  #changedChunk({ bytes }: Chunk): Chunk {
    const other = this.#someRecord()
    if (this.#seed.format === 'pcap' || bytes.length < 12 || this.#chance.oneIn(3))
      return { bytes: this.#changed(bytes, other) }
    return withBody(bytes, this.#changed(bytes.subarray(8, -4), other), this.#seed.littleEndian)
  }

  /** More than the reader takes at a time. */
  #repeatUntilLarge(): void {
    const [first, ...rest] = this.#chunks
    const size = rest.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (!first || size === 0) return
    this.how.push('repeat all until it is large')
    this.#chunks = [first, ...Array.from({ length: Math.ceil(LARGE / size) + 1 }, () => rest).flat()]
  }

  #compressed(bytes: Buffer): Buffer {
    const chance = this.#chance
    if (!chance.oneIn(8)) return bytes
    const isGzip = chance.oneIn(2)
    this.how.push(isGzip ? 'gzip' : 'zstd')
    const compressed = isGzip ? gzipSync(bytes) : zstdCompressSync(bytes)
    return chance.oneIn(2) ? this.#changed(compressed, bytes) : compressed
  }
}
