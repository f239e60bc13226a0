import { hkdfSync } from 'node:crypto'
import { mappedAddress } from './address.ts'
import type { ClusterKey } from './cluster-key.ts'

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
  /** 16 bytes of AES-128 key and the 4 bytes of salt after it (RFC 4106 section 8.1). */
  readonly key: Buffer
  /** Names this key in the journal of keys in use; says nothing about the key. */
  readonly fingerprint: string
}

const keyLabel = 'wireproof esp v1'
const fingerprintLabel = 'wireproof esp v1 fingerprint'
const spiLabel = 'wireproof esp v1 spi'

/**
 * Derives the key for packets from `source` to `destination` by HKDF-SHA256 (RFC 5869). Both ends come to the same key;
 * the other direction, another pair, another life of either node and another key id each give an unrelated one.
 *
 * @param attempt below 256: which SPI it is, where the receiver hears somebody else under those before.
 */
export function pairKey(
  cluster: ClusterKey,
  source: Endpoint,
  destination: Endpoint,
  attempt: number,
): PairKey {
  const salt = Buffer.from([cluster.id])
  // Every field has a fixed length, so no two pairs can spell the same context.
  const context = Buffer.concat([
    mappedAddress(source.underlay),
    mappedAddress(destination.underlay),
    incarnationBytes(source),
    incarnationBytes(destination),
    Buffer.from([attempt]),
  ])
  const expand = (label: string, length: number) =>
    Buffer.from(
      hkdfSync('sha256', cluster.material, salt, Buffer.concat([Buffer.from(label), context]), length),
    )
  return {
    spi: spiOf(cluster.id, expand(spiLabel, 4)),
    key: expand(keyLabel, 20),
    fingerprint: expand(fingerprintLabel, 8).toString('hex'),
  }
}

/** Key id in the upper 4 bits, so that old and new keys never meet; never one of the 256 reserved (RFC 4303 section 2.1). */
function spiOf(keyId: number, random: Buffer): number {
  return ((keyId << 28) | (random.readUInt32BE() >>> 4)) >>> 0
}

function incarnationBytes(endpoint: Endpoint): Buffer {
  const bytes = Buffer.from(endpoint.incarnation, 'hex')
  if (bytes.length !== 16) throw new TypeError(`the incarnation of ${endpoint.underlay} is not 128 bits long`)
  return bytes
}

/** Remembers what it derived: a pass over thousands of peers derives only for those that changed. */
export class PairKeys {
  readonly #known = new Map<string, PairKey>()
  #cluster: ClusterKey | undefined

  get(cluster: ClusterKey, source: Endpoint, destination: Endpoint, attempt: number): PairKey {
    if (this.#cluster && !sameKey(this.#cluster, cluster)) this.#known.clear()
    this.#cluster = cluster
    const ends = [source, destination].map((end) => `${end.underlay} ${end.incarnation}`)
    const name = `${ends.join(' > ')} ${attempt}`
    let pair = this.#known.get(name)
    if (!pair) {
      pair = pairKey(cluster, source, destination, attempt)
      this.#known.set(name, pair)
    }
    return pair
  }
}

function sameKey(a: ClusterKey, b: ClusterKey): boolean {
  return a.id === b.id && a.material.equals(b.material)
}
