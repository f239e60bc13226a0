import type { Opened } from 'tcpdump-parse'

/** Of extended numbers all 64 bits, of which the packet shows the lower 32 (RFC 4303 section 2.2.1). */
export function fullSequence(opened: Opened): bigint {
  const high = opened.ok ? (opened.sequenceHigh ?? 0) : 0
  return (BigInt(high) << 32n) | BigInt(opened.sequence)
}
