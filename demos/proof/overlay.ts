import { decodeIp, type Frame, type Opened } from 'tcpdump-parse'
import type { AddressBook } from './address-book.ts'

/** The packet that one node put into VXLAN for another; anything else is what it is. */
export function fromOverlay(packet: Frame, book: Pick<AddressBook, 'nodeAt'>): Frame {
  const { source, destination, overlay, inner } = packet
  if (overlay?.kind !== 'vxlan' || !inner?.ip) return packet
  return [source, destination].every((end) => end !== undefined && book.nodeAt(end)) ? inner : packet
}

/** What an ESP packet was made for, out of VXLAN where it is in there; undefined where it could not be opened. */
export function openedPacket(
  opened: Opened | undefined,
  book: Pick<AddressBook, 'nodeAt'>,
): Frame | undefined {
  return opened?.ok ? fromOverlay(decodeIp(opened.inner), book) : undefined
}

export function isInOverlay(opened: Opened | undefined, book: Pick<AddressBook, 'nodeAt'>): boolean {
  if (!opened?.ok) return false
  const packet = decodeIp(opened.inner)
  return fromOverlay(packet, book) !== packet
}
