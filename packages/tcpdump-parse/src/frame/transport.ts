import { LinkType } from '../link-type.ts'
import { Carrier, type Layers } from './layers.ts'
import { EtherType } from './link.ts'

export const Protocol = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  esp: 50,
  ah: 51,
  icmpv6: 58,
} as const

/** RFC 3948. */
export const ESP_IN_UDP = 4500
const VXLAN = 4789
/** Linux's own default, from before the port was assigned; Cilium and Flannel still use it. */
const VXLAN_LINUX = 8472
/** RFC 8926. */
const GENEVE = 6081
const TRANSPARENT_ETHERNET = 0x6558

/** Finds what the transport header carries. Runs after the network walk set `transport`. */
export function walkTransport(data: Buffer, layers: Layers) {
  const start = layers.transport
  switch (layers.protocol) {
    case Protocol.tcp:
      return walkTcp(data, start, layers)
    case Protocol.udp:
      return walkUdp(data, start, layers)
    case Protocol.icmp:
    case Protocol.icmpv6:
      if (need(start, 8, layers, 'ICMP')) layers.payload = start + 8
      return
    case Protocol.esp:
      return walkEsp(start, layers)
    case Protocol.ipip:
    case Protocol.ipv6:
      layers.inner = start
      layers.innerLinkType = LinkType.raw
      layers.carrier = Carrier.ipip
  }
}

function need(start: number, length: number, layers: Layers, name: string): boolean {
  if (start + length <= layers.end) return true
  layers.transport = -1
  // The missing rest of a cut or fragmented packet has been reported, or is no fault.
  if (!layers.moreFragments) layers.fail('truncated', layers.end, `the ${name} header is not complete`)
  return false
}

function walkTcp(data: Buffer, start: number, layers: Layers) {
  if (!need(start, 20, layers, 'TCP')) return
  const headerLength = (data[start + 12]! >> 4) * 4
  if (headerLength < 20) {
    layers.transport = -1
    return layers.fail('bad-length', start + 12, `a TCP header of ${headerLength} bytes`)
  }
  if (need(start, headerLength, layers, 'TCP')) layers.payload = start + headerLength
}

function walkUdp(data: Buffer, start: number, layers: Layers) {
  if (!need(start, 8, layers, 'UDP')) return
  const length = (data[start + 4]! << 8) | data[start + 5]!
  const payload = start + 8
  layers.payload = payload
  // Zero means up to the end of the packet (RFC 2675 for IPv6; segmentation offload leaves it so, too).
  if (length !== 0 && length < 8)
    return layers.fail('bad-length', start + 4, `a UDP datagram of ${length} bytes`)
  if (start + length > layers.end && !layers.cut && !layers.moreFragments)
    layers.fail('bad-length', start + 4, `a UDP datagram of ${length} bytes in ${layers.end - start}`)
  if (length !== 0) layers.end = Math.min(layers.end, start + length)

  const source = (data[start]! << 8) | data[start + 1]!
  const destination = (data[start + 2]! << 8) | data[start + 3]!
  const size = layers.end - payload
  if (source === ESP_IN_UDP || destination === ESP_IN_UDP) {
    // RFC 3948: four zero bytes announce IKE; a single 0xff keeps the address translation alive.
    if (size >= 8 && data.readUInt32BE(payload) !== 0) walkEsp(payload, layers)
  } else if (destination === VXLAN || destination === VXLAN_LINUX) {
    // RFC 7348: the flag says that the network identifier is valid, and must be set.
    if (size >= 8 && (data[payload]! & 0x08) !== 0)
      carry(layers, payload + 8, LinkType.ethernet, Carrier.vxlan)
  } else if (destination === GENEVE) walkGeneve(data, payload, layers)
}

/** RFC 8926 section 3.4: version 0, options in words of four bytes, the protocol of what follows. */
function walkGeneve(data: Buffer, start: number, layers: Layers) {
  if (start + 8 > layers.end || data[start]! >> 6 !== 0) return
  const inner = start + 8 + (data[start]! & 0x3f) * 4
  if (inner > layers.end) return
  const protocol = (data[start + 2]! << 8) | data[start + 3]!
  if (protocol === TRANSPARENT_ETHERNET) carry(layers, inner, LinkType.ethernet, Carrier.geneve)
  else if (protocol === EtherType.ipv4 || protocol === EtherType.ipv6)
    carry(layers, inner, LinkType.raw, Carrier.geneve)
}

function carry(layers: Layers, inner: number, linkType: number, carrier: number) {
  layers.inner = inner
  layers.innerLinkType = linkType
  layers.carrier = carrier
}

function walkEsp(start: number, layers: Layers) {
  if (start + 8 > layers.end) {
    if (!layers.moreFragments) layers.fail('truncated', layers.end, 'the ESP header is not complete')
    return
  }
  layers.esp = start
  layers.payload = start + 8
}
