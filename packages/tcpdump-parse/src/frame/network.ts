import type { Layers } from './layers.ts'

export function walkIpv4(data: Buffer, layers: Layers) {
  const start = layers.network
  if (data.length < start + 20)
    return layers.fail('truncated', data.length, 'the IPv4 header is not complete')
  if (data[start]! >> 4 !== 4)
    return layers.fail('bad-value', start, `an IPv4 header says version ${data[start]! >> 4}`)
  const headerLength = (data[start]! & 15) * 4
  const totalLength = (data[start + 2]! << 8) | data[start + 3]!
  if (headerLength < 20) return layers.fail('bad-length', start, `an IPv4 header of ${headerLength} bytes`)
  if (start + headerLength > data.length)
    return layers.fail('truncated', data.length, 'the IPv4 options are not complete')
  // The kernel leaves the length zero in packets of more than 64 KiB that the device is to segment (BIG TCP).
  if (totalLength !== 0 && totalLength < headerLength)
    return layers.fail('bad-length', start + 2, `an IPv4 packet of ${totalLength} bytes`)
  layers.version = 4
  layers.ipv4HeaderLength = headerLength
  setEnd(data, totalLength === 0 ? data.length : start + totalLength, layers)
  const fragment = (data[start + 6]! << 8) | data[start + 7]!
  layers.moreFragments = (fragment & 0x2000) !== 0
  layers.fragmentOffset = (fragment & 0x1fff) * 8
  layers.fragmentId = (data[start + 4]! << 8) | data[start + 5]!
  layers.protocol = data[start + 9]!
  layers.payload = start + headerLength
  if (layers.fragmentOffset === 0) layers.transport = layers.payload
}

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const AUTHENTICATION = 51
const NO_NEXT_HEADER = 59
const DESTINATION_OPTIONS = 60
const MOBILITY = 135

export function walkIpv6(data: Buffer, layers: Layers) {
  const start = layers.network
  if (data.length < start + 40)
    return layers.fail('truncated', data.length, 'the IPv6 header is not complete')
  if (data[start]! >> 4 !== 6)
    return layers.fail('bad-value', start, `an IPv6 header says version ${data[start]! >> 4}`)
  const length = (data[start + 4]! << 8) | data[start + 5]!
  layers.version = 6
  // Zero is a jumbogram (RFC 2675), or one the device is to segment.
  setEnd(data, length === 0 && data[start + 6] !== NO_NEXT_HEADER ? data.length : start + 40 + length, layers)

  let header = data[start + 6]!
  let next = start + 40
  layers.payload = next
  for (;;) {
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
      layers.fragmentOffset = field & 0xfff8
      layers.moreFragments = (field & 1) !== 0
      layers.fragmentId = data.readUInt32BE(next + 4)
    } else if (header === AUTHENTICATION) size = (data[next + 1]! + 2) * 4
    if (next + size > layers.end)
      return layers.fail('truncated', layers.end, `the IPv6 extension header ${header} is not complete`)
    header = data[next]!
    next += size
    layers.payload = next
    // What follows a later fragment's header is a piece from the middle of the packet.
    if (layers.fragmentOffset !== 0) break
  }
  layers.protocol = header
  if (layers.fragmentOffset === 0 && header !== NO_NEXT_HEADER) layers.transport = next
}

function setEnd(data: Buffer, end: number, layers: Layers) {
  layers.end = Math.min(end, data.length)
  layers.cut = end > data.length
  if (layers.cut)
    layers.fail(
      'truncated',
      data.length,
      `the IP packet says ${end - data.length} bytes more than were captured`,
    )
}
