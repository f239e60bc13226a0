/**
 * The Internet checksum (RFC 1071) of the bytes from `start` to `end`: 0 over data that holds its own right one.
 */
export function internetChecksum(data: Uint8Array, start = 0, end = data.length): number {
  let sum = 0
  let at = start
  for (; at + 1 < end; at += 2) {
    sum += (data[at]! << 8) | data[at + 1]!
    if (sum > FULL) sum = folded(sum)
  }
  if (at < end) sum += data[at]! << 8
  return ~folded(folded(sum)) & 0xffff
}

/** Beyond this another word may not fit into the 31 bits of a small integer. */
const FULL = 0x3fff_0000

function folded(sum: number): number {
  return (sum & 0xffff) + (sum >>> 16)
}
