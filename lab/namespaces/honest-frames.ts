import { inNetworkNamespace } from '@wireproof/ffi'
import { type Offloads, offloads, setOffloads } from '@wireproof/netlink'

/** Segmentation and checksum offloads off: what an instrument then sees is, packet by packet, what crosses the wire. */
export const honestFrames: Offloads = { tso: false, gso: false, gro: false, txChecksum: false }

/** A device, and the path of the network namespace that it is in. */
export interface Port {
  readonly namespace: string
  readonly device: string
}

/** Has devices carry honest frames. @returns what makes them what they were; those that are gone are no failure. */
export function makeHonest(ports: readonly Port[]): () => void {
  const before = ports.map(({ namespace, device }) =>
    inNetworkNamespace(namespace, () => {
      const { tso, gso, gro, txChecksum } = offloads(device)
      setOffloads(device, honestFrames)
      return { namespace, device, offloads: { tso, gso, gro, txChecksum } }
    }),
  )
  return () => {
    for (const { namespace, device, offloads } of before) {
      try {
        inNetworkNamespace(namespace, () => setOffloads(device, offloads))
      } catch (error) {
        if (!gone.includes(`${(error as NodeJS.ErrnoException).code}`)) throw error
      }
    }
  }
}

const gone = ['ENODEV', 'ENOENT']
