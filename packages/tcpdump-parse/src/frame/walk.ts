import type { Layers } from './layers.ts'
import { EtherType, walkLink } from './link.ts'
import { walkIpv4, walkIpv6 } from './network.ts'
import { walkTransport } from './transport.ts'

/** Finds the headers of the frame that `data` holds from `start` to `limit`, without making anything of them. */
export function walk(data: Buffer, start: number, limit: number, linkType: number, layers: Layers): void {
  layers.reset(start, limit)
  walkLink(data, linkType, layers)
  if (layers.network < 0) return
  layers.payload = layers.network
  if (layers.etherType === EtherType.ipv4) walkIpv4(data, layers)
  else if (layers.etherType === EtherType.ipv6) walkIpv6(data, layers)
  if (layers.transport >= 0) walkTransport(data, layers)
}
