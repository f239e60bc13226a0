import { isIPv4, isIPv6 } from 'node:net'

/** The 4 bytes at `offset` as `10.0.0.1`. */
export function formatIpv4(data: Uint8Array, offset = 0): string {
  return `${data[offset]}.${data[offset + 1]}.${data[offset + 2]}.${data[offset + 3]}`
}

/** The 16 bytes at `offset` in the form of RFC 5952: lower case, the longest run of zero groups as `::`. */
export function formatIpv6(data: Uint8Array, offset = 0): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((data[offset + i]! << 8) | data[offset + i + 1]!)
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const hex = groups.map((group) => group.toString(16))
  if (start < 0) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** `02:00:00:00:00:01` */
export function formatMac(data: Uint8Array, offset: number): string {
  let text = ''
  for (let i = 0; i < 6; i++) text += (i ? ':' : '') + data[offset + i]!.toString(16).padStart(2, '0')
  return text
}

/**
 * The bytes of an address, 4 or 16, in network order.
 *
 * @throws TypeError when `text` is no IP address.
 */
export function parseAddress(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (!isIPv6(text) || text.includes('%')) throw new TypeError(`${JSON.stringify(text)} is no IP address`)
  const [head = '', tail] = text.split('::')
  const before = ipv6Bytes(head)
  const after = ipv6Bytes(tail ?? '')
  return Buffer.from([...before, ...new Array(16 - before.length - after.length).fill(0), ...after])
}

function ipv6Bytes(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
