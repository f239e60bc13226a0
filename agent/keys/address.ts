import { parseAddress } from '@wireproof/netlink'

// ::ffff:0:0/96 (RFC 4291 section 2.5.5.2).
const mapped = Buffer.from('00000000000000000000ffff', 'hex')

/** An address of either family in 16 bytes, IPv4 as ::ffff:a.b.c.d. @throws TypeError for what is no address. */
export function mappedAddress(address: string): Buffer {
  const bytes = parseAddress(address)
  if (bytes.length === 16) return bytes
  const result = Buffer.allocUnsafe(16)
  result.set(mapped)
  result.set(bytes, mapped.length)
  return result
}
