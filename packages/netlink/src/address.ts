import { isIPv6 } from 'node:net'

export const AF_UNSPEC = 0
export const AF_INET = 2
export const AF_INET6 = 10

/** An address and how many of its bits count. */
export interface Prefix {
  readonly family: number
  readonly bytes: Buffer
  readonly length: number
}

export function familyOf(address: string): number {
  return parseAddress(address).length === 4 ? AF_INET : AF_INET6
}

/** Bytes in network order: 4 for IPv4, 16 for IPv6. */
export function parseAddress(address: string): Buffer {
  const ipv4 = parseIPv4(address)
  if (ipv4) return ipv4
  if (!isIPv6(address)) throw new TypeError(`${JSON.stringify(address)} is not an IPv4 or IPv6 address`)
  // An address such as ::ffff:192.0.2.1 ends in the text of an IPv4 address.
  const tailAt = address.lastIndexOf(':') + 1
  const tail = parseIPv4(address.slice(tailAt)) ?? Buffer.alloc(0)
  const text = tail.length === 0 ? address : address.slice(0, tailAt).replace(/([^:]):$/, '$1')
  const [head = '', rest] = text.split('::')
  const right = rest === undefined ? [] : groups(rest)
  const bytes = Buffer.alloc(16)
  groups(head).forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2)
  })
  const rightAt = 16 - tail.length - right.length * 2
  right.forEach((group, index) => {
    bytes.writeUInt16BE(group, rightAt + index * 2)
  })
  tail.copy(bytes, 16 - tail.length)
  return bytes
}

/**
 * One pass over the characters: thousands of policies are four addresses each, and `split` and `isIPv4` took half the
 * time of installing them. @returns undefined for what is no dotted quad without leading zeros.
 */
function parseIPv4(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(4)
  let part = 0
  let value = -1
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return undefined
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return undefined
      continue
    }
    if (text[at] !== '.' || value < 0 || part === 3) return undefined
    bytes[part++] = value
    value = -1
  }
  if (part !== 3 || value < 0) return undefined
  bytes[3] = value
  return bytes
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

/** The usual text form; of IPv6 the canonical one of RFC 5952. */
export function formatAddress(family: number, bytes: Uint8Array): string {
  if (family === AF_INET) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const words = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!)
  const zeros = longestZeros(words)
  const text = (part: number[]) => part.map((word) => word.toString(16)).join(':')
  if (zeros.length < 2) return text(words)
  return `${text(words.slice(0, zeros.at))}::${text(words.slice(zeros.at + zeros.length))}`
}

function longestZeros(words: readonly number[]): { at: number; length: number } {
  let longest = { at: 0, length: 0 }
  for (let at = 0; at < words.length; at++) {
    let length = 0
    while (words[at + length] === 0) length++
    if (length > longest.length) longest = { at, length }
  }
  return longest
}

/** Reads `10.0.0.0/24` or `10.0.0.1`, which means all bits. */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/')
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash))
  const bits = bytes.length * 8
  const length = slash < 0 ? bits : Number(text.slice(slash + 1) || Number.NaN)
  if (!Number.isInteger(length) || length < 0 || length > bits)
    throw new TypeError(`${JSON.stringify(text)} needs a prefix length from 0 to ${bits}`)
  return { family: bytes.length === 4 ? AF_INET : AF_INET6, bytes, length }
}

export function formatPrefix(family: number, bytes: Uint8Array, length: number): string {
  return `${formatAddress(family, bytes)}/${length}`
}

/** Reads `02:00:00:00:00:01`. */
export function parseMac(text: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
    throw new TypeError(`${JSON.stringify(text)} is not a MAC address such as 02:00:00:00:00:01`)
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}

export function formatMac(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:')
}
