import { decodeIp, type Frame, type Opened } from 'tcpdump-parse'
import type { Holders } from './address-book.ts'

/** The packet that one node put into VXLAN for another; anything else is what it is. */
export function fromOverlay(packet: Frame, holders: Pick<Holders, 'nodeAt'>): Frame {
  const { source, destination, overlay, inner } = packet
  if (overlay?.kind !== 'vxlan' || !inner?.ip) return packet
  return [source, destination].every((end) => end !== undefined && holders.nodeAt(end)) ? inner : packet
}

/** What an ESP packet was made for, out of VXLAN where it is in there; undefined where it could not be opened. */
export function openedPacket(
  opened: Opened | undefined,
  holders: Pick<Holders, 'nodeAt'>,
): Frame | undefined {
  return opened?.ok ? fromOverlay(decodeIp(opened.inner), holders) : undefined
}

export function isInOverlay(opened: Opened | undefined, holders: Pick<Holders, 'nodeAt'>): boolean {
  if (!opened?.ok) return false
  const packet = decodeIp(opened.inner)
  return fromOverlay(packet, holders) !== packet
}
