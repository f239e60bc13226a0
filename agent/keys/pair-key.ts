import { createHash, hkdfSync } from 'node:crypto'
import { mappedAddress } from './address.ts'
import type { ClusterKey } from './cluster-key.ts'
import { keyBytes, type Suite } from './suite.ts'

/** One end of a security association. */
export interface Endpoint {
  /** The node's number, 1 to 65535. */
  readonly id: number
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

const keyLabel = 'wireproof esp v1'
const fingerprintLabel = 'wireproof esp v1 fingerprint'

/**
 * Derives the key for packets from `source` to `destination` by HKDF-SHA256 (RFC 5869). Both ends come to the same key;
 * the other direction, another pair, another life of either node, another key id and another suite each give an unrelated
 * one.
 */
export function pairKey(cluster: ClusterKey, source: Endpoint, destination: Endpoint): PairKey {
  const salt = Buffer.from([cluster.id])
  // Every field but the last has a fixed length, so no two pairs can spell the same context.
  const context = Buffer.concat([
    mappedAddress(source.underlay),
    mappedAddress(destination.underlay),
    incarnationBytes(source),
    incarnationBytes(destination),
    Buffer.from(cluster.suite.name),
  ])
  const expand = (label: string, length: number) =>
    Buffer.from(
      hkdfSync('sha256', cluster.material, salt, Buffer.concat([Buffer.from(label), context]), length),
    )
  return {
    spi: spiOf(cluster.id, source, destination),
    suite: cluster.suite,
    key: expand(keyLabel, keyBytes(cluster.suite)),
    fingerprint: expand(fingerprintLabel, 8).toString('hex'),
  }
}

/** Key id in the upper 4 bits, 12 bits that change with either incarnation, the sender's node id in the lower 16. */
function spiOf(keyId: number, source: Endpoint, destination: Endpoint): number {
  const hash = createHash('sha256').update(incarnationBytes(source)).update(incarnationBytes(destination))
  const twelve = hash.digest().readUInt16BE(0) >>> 4
  return ((keyId << 28) | (twelve << 16) | source.id) >>> 0
}

function incarnationBytes(endpoint: Endpoint): Buffer {
  const bytes = Buffer.from(endpoint.incarnation, 'hex')
  if (bytes.length !== 16) throw new TypeError(`the incarnation of node ${endpoint.id} is not 128 bits long`)
  return bytes
}

/** Remembers what it derived: a pass over thousands of peers derives only for those that changed. */
export class PairKeys {
  readonly #known = new Map<string, PairKey>()
  #cluster: ClusterKey | undefined

  get(cluster: ClusterKey, source: Endpoint, destination: Endpoint): PairKey {
    if (this.#cluster && !sameKey(this.#cluster, cluster)) this.#forget()
    this.#cluster = cluster
    const name = [source, destination]
      .map((end) => `${end.id} ${end.underlay} ${end.incarnation}`)
      .join(' > ')
    let pair = this.#known.get(name)
    if (!pair) {
      pair = pairKey(cluster, source, destination)
      this.#known.set(name, pair)
    }
    return pair
  }

  /**
   * Keys that came from an earlier cluster key do not stay in memory. Keys in use do: each pass compares them with what the
   * kernel holds, and whoever can read this memory can ask the kernel for the same.
   */
  #forget(): void {
    for (const { key } of this.#known.values()) key.fill(0)
    this.#known.clear()
  }
}

function sameKey(a: ClusterKey, b: ClusterKey): boolean {
  return a.id === b.id && a.suite === b.suite && a.material.equals(b.material)
}
