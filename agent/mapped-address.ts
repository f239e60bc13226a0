const addressBytes = 16
/** Of IPv4 in IPv6, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
export const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

/** An address of either family in 16 bytes, of which IPv4 is the last four. */
export function mapped(bytes: Buffer): Buffer {
  if (bytes.length === addressBytes) return bytes
  const address = Buffer.alloc(addressBytes)
  address.set(mappedPrefix)
  address.set(bytes, mappedPrefix.length)
  return address
}
