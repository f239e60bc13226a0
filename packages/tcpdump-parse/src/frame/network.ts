import type { Layers } from './layers.ts'

export function walkIpv4(data: Buffer, layers: Layers) {
  const { network: start, limit } = layers
  if (limit < start + 20) return layers.fail('truncated', limit, 'the IPv4 header is not complete')
  if (data[start]! >> 4 !== 4)
    return layers.fail('bad-value', start, `an IPv4 header says version ${data[start]! >> 4}`)
  const headerLength = (data[start]! & 15) * 4
  const totalLength = (data[start + 2]! << 8) | data[start + 3]!
  if (headerLength < 20) return layers.fail('bad-length', start, `an IPv4 header of ${headerLength} bytes`)
  if (start + headerLength > limit)
    return layers.fail('truncated', limit, 'the IPv4 options are not complete')
  // The kernel leaves the length zero in packets of more than 64 KiB that the device is to segment (BIG TCP).
  if (totalLength !== 0 && totalLength < headerLength)
    return layers.fail('bad-length', start + 2, `an IPv4 packet of ${totalLength} bytes`)
  layers.version = 4
  layers.networkHeaderLength = headerLength
  setEnd(totalLength === 0 ? limit : start + totalLength, layers)
  const fragment = (data[start + 6]! << 8) | data[start + 7]!
  layers.moreFragments = (fragment & 0x2000) !== 0
  layers.fragmentOffset = (fragment & 0x1fff) * 8
  layers.fragmentId = (data[start + 4]! << 8) | data[start + 5]!
  layers.protocol = data[start + 9]!
  layers.payload = start + headerLength
  if (layers.fragmentOffset !== 0) return
  if (layers.protocol === AUTHENTICATION) walkAuthentication(data, layers)
  else layers.transport = layers.payload
}

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const AUTHENTICATION = 51
const NO_NEXT_HEADER = 59
const DESTINATION_OPTIONS = 60
const MOBILITY = 135
/** Without an ICV. */
const SHORTEST_AUTHENTICATION = 12

/** The authentication header behind an IPv4 header (RFC 4302), with which the transport's protocol stands. */
function walkAuthentication(data: Buffer, layers: Layers) {
  const start = layers.payload
  if (start + 12 > layers.end) return incomplete(layers, 'authentication header')
  const size = authenticationSize(data, start, layers)
  if (size === 0) return
  if (start + size > layers.end) return incomplete(layers, 'authentication header')
  layers.ah = start
  layers.protocol = data[start]!
  layers.payload = start + size
  layers.transport = layers.payload
}

/** In bytes; 0 when it has no room for its own fields, of which the length counts words beyond the first two. */
function authenticationSize(data: Buffer, start: number, layers: Layers): number {
  const size = (data[start + 1]! + 2) * 4
  if (size >= SHORTEST_AUTHENTICATION) return size
  layers.fail('bad-length', start + 1, `an authentication header of ${size} bytes`)
  return 0
}

function incomplete(layers: Layers, what: string) {
  if (!layers.moreFragments) layers.fail('truncated', layers.end, `the ${what} is not complete`)
}

export function walkIpv6(data: Buffer, layers: Layers) {
  const { network: start, limit } = layers
  if (limit < start + 40) return layers.fail('truncated', limit, 'the IPv6 header is not complete')
  if (data[start]! >> 4 !== 6)
    return layers.fail('bad-value', start, `an IPv6 header says version ${data[start]! >> 4}`)
  const length = (data[start + 4]! << 8) | data[start + 5]!
  layers.version = 6
  // Zero is a jumbogram (RFC 2675), or one the device is to segment.
  setEnd(length === 0 && data[start + 6] !== NO_NEXT_HEADER ? limit : start + 40 + length, layers)

  let link = start + 6
  let next = start + 40
  layers.networkHeaderLength = 40
  layers.payload = next
  for (;;) {
    const header = data[link]!
    const extension =
      header === HOP_BY_HOP ||
      header === ROUTING ||
      header === FRAGMENT ||
      header === AUTHENTICATION ||
      header === DESTINATION_OPTIONS ||
      header === MOBILITY
    if (!extension) break
    if (next + 8 > layers.end)
      return layers.fail('truncated', layers.end, `the IPv6 extension header ${header} is not complete`)
    let size = (data[next + 1]! + 1) * 8
    if (header === FRAGMENT) {
      size = 8
      const field = (data[next + 2]! << 8) | data[next + 3]!
      layers.fragmentHeader = next
      layers.fragmentLink = link
      layers.fragmentOffset = field & 0xfff8
      layers.moreFragments = (field & 1) !== 0
      layers.fragmentId = data.readUInt32BE(next + 4)
    } else if (header === AUTHENTICATION) {
      size = authenticationSize(data, next, layers)
      if (size === 0) return
    }
    if (next + size > layers.end)
      return layers.fail('truncated', layers.end, `the IPv6 extension header ${header} is not complete`)
    if (header === AUTHENTICATION) layers.ah = next
    link = next
    next += size
    layers.payload = next
    layers.networkHeaderLength = next - start
    // What follows a later fragment's header is a piece from the middle of the packet.
    if (layers.fragmentOffset !== 0) break
  }
  layers.protocol = data[link]!
  if (layers.fragmentOffset === 0 && layers.protocol !== NO_NEXT_HEADER) layers.transport = next
}

function setEnd(end: number, layers: Layers) {
  const { limit } = layers
  layers.end = Math.min(end, limit)
  layers.cut = end > limit
  if (layers.cut)
    layers.fail('truncated', limit, `the IP packet says ${end - limit} bytes more than were captured`)
}
