import { formatAddress, formatMac, parseMac, parsePrefix } from '../address.ts'
import { type Message, readAttributes } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** Which MAC address answers for an address on a link. */
export interface Neighbour {
  readonly address: string
  readonly mac?: string
  /** The link's index. */
  readonly device: number
  readonly permanent: boolean
}

const HEADER_LENGTH = 12
const NUD_PERMANENT = 0x80
const NDA_DST = 1
const NDA_LLADDR = 2

/** struct ndmsg and its attributes. */
export function writeNeighbour(writer: Writer, device: number, address: string, mac?: string): void {
  const { family, bytes } = parsePrefix(address)
  writer.u8(family)
  writer.zero(3)
  writer.u32(device)
  writer.u16(NUD_PERMANENT)
  writer.zero(2)
  writer.attributeBytes(NDA_DST, bytes)
  if (mac !== undefined) writer.attributeBytes(NDA_LLADDR, parseMac(mac))
}

export function readNeighbour({ payload }: Message): Neighbour {
  const attributes = readAttributes(payload.subarray(HEADER_LENGTH))
  const mac = attributes.get(NDA_LLADDR)
  return {
    address: formatAddress(payload.readUInt8(0), attributes.get(NDA_DST) ?? Buffer.alloc(16)),
    device: payload.readInt32LE(4),
    permanent: (payload.readUInt16LE(8) & NUD_PERMANENT) !== 0,
    ...(mac ? { mac: formatMac(mac) } : {}),
  }
}
