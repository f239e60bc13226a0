import { Defragmenter, type Frame } from 'tcpdump-parse'

/** A packet that was sent in pieces, and the pieces. */
export interface Reassembled<Piece> {
  readonly whole: Frame
  readonly pieces: readonly Piece[]
}

/**
 * Puts packets together that one instrument saw in fragments.
 *
 * @param seen in the order of time; what is no fragment is passed over.
 * @returns the packets of which every piece is there.
 */
export function reassemble<Piece>(
  seen: readonly Piece[],
  packetOf: (piece: Piece) => { readonly frame: Frame; readonly time: bigint },
): Reassembled<Piece>[] {
  const defragmenter = new Defragmenter()
  const waiting = new Map<string, Piece[]>()
  return seen.flatMap((piece) => {
    const { frame, time } = packetOf(piece)
    if (!frame.fragment) return []
    const { source, destination, layers, fragment } = frame
    const name = `${source} ${destination} ${layers.version === 4 ? layers.protocol : ''} ${fragment.id}`
    const pieces = waiting.get(name) ?? []
    waiting.set(name, [...pieces, piece])
    const whole = defragmenter.add(frame, time)
    if (!whole) return []
    const together = waiting.get(name)!
    waiting.delete(name)
    return [{ whole, pieces: together }]
  })
}
