import type { Direction } from '../api.ts'
import type { Association } from '../monitor/peer-status.ts'

/** Up to so many peers each have series of their own; beyond, all of them share one. */
export const peerSeriesLimit = 100

/** The `peer` label of what all peers of a large cluster share. */
export const allPeers = 'all'

export interface PeerTraffic {
  readonly peer: string
  readonly direction: Direction
  readonly packets: number
  readonly bytes: number
}

/**
 * Adds up what each peer's associations have carried, over the change from one association to the next: the kernel counts
 * each on its own and forgets it with the association. What the last of them carried after the last look is not seen.
 */
export class PeerTrafficMeter {
  readonly #limit: number
  readonly #seen = new Map<string, Association>()
  #totals = new Map<string, PeerTraffic>()

  constructor(limit = peerSeriesLimit) {
    this.#limit = limit
  }

  /** @returns totals since the agent began, and of what it found; for one peer, or for all where there are too many. */
  read(peers: readonly string[], associations: readonly Association[]): PeerTraffic[] {
    const isLarge = peers.length > this.#limit
    const present = new Set<string>()
    for (const association of associations) {
      const name = `${association.direction} ${association.peer} ${association.spi}`
      present.add(name)
      const before = this.#seen.get(name)
      this.#seen.set(name, association)
      const isSame = before !== undefined && before.packets <= association.packets
      for (const peer of [association.peer, allPeers])
        this.#add(peer, association.direction, {
          packets: association.packets - (isSame ? before.packets : 0),
          bytes: association.bytes - (isSame ? before.bytes : 0),
        })
    }
    for (const name of this.#seen.keys()) if (!present.has(name)) this.#seen.delete(name)
    const shown = new Set(isLarge ? [allPeers] : peers)
    const gone = (peer: string) => peer !== allPeers && !peers.includes(peer)
    this.#totals = new Map([...this.#totals].filter(([, { peer }]) => !gone(peer)))
    return [...this.#totals.values()].filter(({ peer }) => shown.has(peer))
  }

  #add(peer: string, direction: Direction, more: { packets: number; bytes: number }): void {
    const name = `${direction} ${peer}`
    const { packets, bytes } = this.#totals.get(name) ?? { packets: 0, bytes: 0 }
    this.#totals.set(name, {
      peer,
      direction,
      packets: packets + more.packets,
      bytes: bytes + more.bytes,
    })
  }
}
