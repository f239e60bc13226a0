import { LinkType } from '../link-type.ts'
import type { Layers } from './layers.ts'

export const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  serviceVlan: 0x88a8,
} as const

/** Finds the network header behind the link's own. */
export function walkLink(data: Buffer, linkType: number, layers: Layers) {
  switch (linkType) {
    case LinkType.ethernet:
      return walkEtherType(data, layers.start + 12, layers, 'Ethernet')
    case LinkType.linuxSll:
      return walkEtherType(data, layers.start + 14, layers, 'Linux cooked')
    case LinkType.linuxSll2:
      return walkSll2(data, layers)
    case LinkType.null:
    case LinkType.loop:
      return walkVersion(data, layers.start + 4, layers)
    case LinkType.raw:
    case 12: // DLT_RAW, which some writers put into the file unmapped.
    case LinkType.ipv4:
    case LinkType.ipv6:
      return walkVersion(data, layers.start, layers)
    default:
      layers.payload = layers.start
  }
}

function walkEtherType(data: Buffer, offset: number, layers: Layers, link: string) {
  const { limit } = layers
  if (limit < offset + 2) return layers.fail('truncated', limit, `the ${link} header is not complete`)
  walkTags(data, offset, layers)
}

/** An EtherType, and the VLAN tags before the last one (IEEE 802.1Q, one or more of them). */
function walkTags(data: Buffer, offset: number, layers: Layers) {
  let type = (data[offset]! << 8) | data[offset + 1]!
  let next = offset + 2
  while (type === EtherType.vlan || type === EtherType.serviceVlan) {
    if (layers.limit < next + 4) return layers.fail('truncated', layers.limit, 'the VLAN tag is not complete')
    if (layers.vlans++ === 0) layers.vlan = next
    type = (data[next + 2]! << 8) | data[next + 3]!
    next += 4
  }
  layers.etherType = type
  layers.network = next
}

function walkSll2(data: Buffer, layers: Layers) {
  const { start, limit } = layers
  if (limit < start + 20) return layers.fail('truncated', limit, 'the Linux cooked v2 header is not complete')
  layers.etherType = (data[start]! << 8) | data[start + 1]!
  layers.network = start + 20
}

function walkVersion(data: Buffer, offset: number, layers: Layers) {
  if (layers.limit <= offset) return layers.fail('truncated', layers.limit, 'there is no IP header')
  const version = data[offset]! >> 4
  if (version !== 4 && version !== 6)
    return layers.fail('bad-value', offset, `${version} is no version of IP`)
  layers.etherType = version === 4 ? EtherType.ipv4 : EtherType.ipv6
  layers.network = offset
}
