import { isIPv4 } from 'node:net'

/** An address in 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
export function mappedAddress(address: string): Buffer {
  if (!isIPv4(address)) throw new TypeError(`${address} is not an IPv4 address`)
  const bytes = Buffer.alloc(16)
  bytes.fill(0xff, 10, 12)
  bytes.set(address.split('.').map(Number), 12)
  return bytes
}
