import { parsePrefix } from '@wireproof/netlink'

/** The bits that count of a prefix in the 128 that the datapath has, where IPv4 is ::ffff:0:0/96; a string of 0 and 1. */
export type Bits = string

const mappedBits: Bits = `${'0'.repeat(80)}${'1'.repeat(16)}`
/** What all of IPv4 begins with. */
export const allIpv4 = mappedBits

export function bitsOf(prefix: string): Bits {
  const { bytes, length } = parsePrefix(prefix)
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bytes.length === 4 ? mappedBits : '') + bits.slice(0, length)
}

export function isIpv4(bits: Bits): boolean {
  return bits.startsWith(allIpv4)
}

/** `::/0` is all of IPv6, and nothing of IPv4. */
export function contains(outer: Bits, inner: Bits): boolean {
  return inner.startsWith(outer) && isIpv4(outer) === isIpv4(inner)
}
