import { type Prefix, parsePrefix } from '@wireproof/netlink'

/** The first `length` bits, and zeros behind them. */
export function masked(bytes: Buffer, length: number): Buffer {
  const result = Buffer.alloc(bytes.length)
  bytes.copy(result, 0, 0, Math.ceil(length / 8))
  if (length % 8 !== 0) result[length >> 3]! &= 0xff << (8 - (length % 8))
  return result
}

export function contains(prefix: string, address: string): boolean {
  const outer = parsePrefix(prefix)
  const inner = parsePrefix(address)
  return outer.family === inner.family && outer.length <= inner.length && holds(outer, inner)
}

function holds(outer: Prefix, inner: Prefix): boolean {
  return masked(inner.bytes, outer.length).equals(masked(outer.bytes, outer.length))
}

/** The prefix of an address alone; one that is a prefix already stays what it is. */
export function hostPrefix(address: string): string {
  return address.includes('/') ? address : `${address}/${familyOf(address) === 4 ? 32 : 128}`
}

export function familyOf(prefix: string): 4 | 6 {
  return prefix.includes(':') ? 6 : 4
}
