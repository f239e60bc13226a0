import { parseAddress } from '@wireproof/netlink'
import { mapped } from '../mapped-address.ts'
import type { ClusterKey } from './cluster-key.ts'
import { expand, extract } from './hkdf.ts'
import { placeForKey } from './key-room.ts'
import { keyBytes, type Suite } from './suite.ts'

/** One end of a security association. */
export interface Endpoint {
  /** The outer address. */
  readonly underlay: string
  /** 32 hex digits that are new for every life of the node; see incarnation.ts. */
  readonly incarnation: string
}

/** What protects packets from one node to one other node. */
export interface PairKey {
  readonly spi: number
  readonly suite: Suite
  /** As long as the suite needs it, the cipher's part first; {@link algorithmsOf} divides it. */
  readonly key: Buffer
  /** Names this key in the journal of keys in use; says nothing about the key. */
  readonly fingerprint: string
}

const label = Buffer.from('wireproof esp v2')
const ADDRESS_BYTES = 16
const INCARNATION_BYTES = 16
const SPI_BYTES = 4
const FINGERPRINT_BYTES = 8

/**
 * Derives the key for packets from `source` to `destination` by HKDF-SHA256 (RFC 5869), and before it, from the same output,
 * SPI and fingerprint. Both ends come to the same key; the other direction, another pair, another life of either node,
 * another key id, another suite and another attempt each give an unrelated one.
 *
 * @param attempt below 256: which SPI it is, where the receiver hears somebody else under those before.
 */
export function pairKey(
  cluster: ClusterKey,
  source: Endpoint,
  destination: Endpoint,
  attempt: number,
): PairKey {
  const context = contextOf(source, destination, attempt, cluster.suite.name)
  const keyAt = SPI_BYTES + FINGERPRINT_BYTES
  const bytes = expand(pseudorandomKey(cluster), context, keyAt + keyBytes(cluster.suite))
  const key = placeForKey(bytes.length - keyAt)
  bytes.copy(key, 0, keyAt)
  bytes.fill(0, keyAt)
  return {
    spi: spiOf(cluster.id, bytes.readUInt32BE()),
    suite: cluster.suite,
    key,
    fingerprint: bytes.toString('hex', SPI_BYTES, keyAt),
  }
}

const extracted = new WeakMap<ClusterKey, ReturnType<typeof extract>>()

/** The same for all pairs: half of the work of deriving for thousands. */
function pseudorandomKey(cluster: ClusterKey): ReturnType<typeof extract> {
  let key = extracted.get(cluster)
  if (!key) {
    key = extract(Buffer.from([cluster.id]), cluster.material)
    extracted.set(cluster, key)
  }
  return key
}

/** Key id in the upper 4 bits, so that old and new keys never meet; never one of the 256 reserved (RFC 4303 section 2.1). */
function spiOf(keyId: number, random: number): number {
  return ((keyId << 28) | (random >>> 4)) >>> 0
}

/** Every field but the last has a fixed length, so no two pairs can spell the same. */
function contextOf(source: Endpoint, destination: Endpoint, attempt: number, suite: string): Buffer {
  const length = label.length + 2 * (ADDRESS_BYTES + INCARNATION_BYTES) + 1 + suite.length
  const context = Buffer.allocUnsafe(length)
  let at = label.copy(context)
  at = putAddress(source, context, at)
  at = putAddress(destination, context, at)
  at = putIncarnation(source, context, at)
  at = putIncarnation(destination, context, at)
  context[at] = attempt
  context.write(suite, at + 1, 'latin1')
  return context
}

function putAddress({ underlay }: Endpoint, context: Buffer, at: number): number {
  return at + mapped(parseAddress(underlay)).copy(context, at)
}

function putIncarnation({ underlay, incarnation }: Endpoint, context: Buffer, at: number): number {
  if (
    incarnation.length !== 2 * INCARNATION_BYTES ||
    context.write(incarnation, at, 'hex') !== INCARNATION_BYTES
  )
    throw new TypeError(`the incarnation of ${underlay} is not 128 bits long`)
  return at + INCARNATION_BYTES
}

/** Remembers what it derived for one pair of nodes, both ways, as long as both live on. */
export class PairKeys {
  #known: { readonly source: string; readonly attempt: number; readonly pair: PairKey }[] = []
  #cluster: ClusterKey | undefined
  #ends: readonly Endpoint[] = []

  get(cluster: ClusterKey, source: Endpoint, destination: Endpoint, attempt: number): PairKey {
    const isOfThese = this.#isEnd(source) && this.#isEnd(destination)
    if (!isOfThese || (this.#cluster && !sameKey(this.#cluster, cluster))) this.#forget()
    this.#cluster = cluster
    if (!isOfThese) this.#ends = [source, destination]
    const known = this.#known.find((each) => each.source === source.underlay && each.attempt === attempt)
    if (known) return known.pair
    const pair = pairKey(cluster, source, destination, attempt)
    this.#known.push({ source: source.underlay, attempt, pair })
    return pair
  }

  #isEnd({ underlay, incarnation }: Endpoint): boolean {
    return this.#ends.some((end) => end.underlay === underlay && end.incarnation === incarnation)
  }

  /**
   * Keys that came from an earlier cluster key, or were for an earlier life, do not stay in memory. Keys in use do: they are
   * compared with what the kernel holds, and whoever can read this memory can ask the kernel for the same.
   */
  #forget(): void {
    for (const { pair } of this.#known) pair.key.fill(0)
    this.#known = []
  }
}

function sameKey(a: ClusterKey, b: ClusterKey): boolean {
  return a.id === b.id && a.suite === b.suite && a.material.equals(b.material)
}
