import type { Opened } from 'tcpdump-parse'

/** Of extended numbers all 64 bits, of which the packet shows the lower 32 (RFC 4303 section 2.2.1). */
export function fullSequence(opened: Opened): bigint {
  const high = opened.ok ? (opened.sequenceHigh ?? 0) : 0
  return (BigInt(high) << 32n) | BigInt(opened.sequence)
}

/** Sequence numbers: above the first, up to the last. */
export interface SequenceRange {
  readonly above: bigint
  readonly upTo: bigint
}

const halves = 1n << 32n

/**
 * Whether a packet's sequence number is one of these. Of a packet that does not open only the lower half is known: it is
 * then one of these when some upper half makes it so.
 */
export function isWithin(opened: Opened, { above, upTo }: SequenceRange): boolean {
  const number = fullSequence(opened)
  if (opened.ok) return number > above && number <= upTo
  // The first number above that ends in this half.
  const first = number + halves * ((above - number) / halves + (above >= number ? 1n : 0n))
  return first <= upTo
}
