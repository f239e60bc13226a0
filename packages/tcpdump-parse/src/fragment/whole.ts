import { internetChecksum } from '../checksum.ts'
import type { PartialPacket } from './partial-packet.ts'

/** The packet that was cut up: the first fragment's header, with the length of the whole and a checksum that is right. */
export function wholeIpv4({ first, payload }: PartialPacket): Buffer {
  const { data, layers } = first
  const header = Buffer.from(data.subarray(layers.network, layers.network + layers.networkHeaderLength))
  header.writeUInt16BE(header.length + payload.length, 2)
  header.writeUInt16BE(0, 6)
  header.writeUInt16BE(0, 10)
  header.writeUInt16BE(internetChecksum(header), 10)
  return Buffer.concat([header, payload])
}

/** The packet that was cut up: the first fragment's headers without the fragment header, and the length of the whole. */
export function wholeIpv6({ first, payload }: PartialPacket): Buffer {
  const { data, layers } = first
  const headers = Buffer.from(data.subarray(layers.network, layers.fragmentHeader))
  headers[layers.fragmentLink - layers.network] = data[layers.fragmentHeader]!
  headers.writeUInt16BE(headers.length - 40 + payload.length, 4)
  return Buffer.concat([headers, payload])
}
