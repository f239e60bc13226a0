import { AF_INET, formatPrefix, parsePrefix } from '../address.ts'
import { type Message, readAttributes, readString } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** An address that a link has. */
export interface LinkAddress {
  /** With its prefix length: `10.0.0.1/24`. */
  readonly address: string
  /** The link's index. */
  readonly link: number
  readonly label?: string
  readonly scope: 'global' | 'site' | 'link' | 'host' | number
}

export interface AddressOptions {
  /** Make no route to the address's prefix. */
  readonly noPrefixRoute?: boolean
  /** Of IPv6: usable at once, without looking for a duplicate on the wire first. */
  readonly noDuplicateDetection?: boolean
}

const HEADER_LENGTH = 8
const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, FLAGS: 8 }
const IFA_F_NODAD = 0x02
const IFA_F_NOPREFIXROUTE = 0x200
const scopes: Readonly<Record<number, LinkAddress['scope']>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
}

/** struct ifaddrmsg and its attributes. */
export function writeAddress(
  writer: Writer,
  link: number,
  address: string,
  options: AddressOptions = {},
): void {
  const { family, bytes, length } = parsePrefix(address)
  writer.u8(family)
  writer.u8(length)
  writer.zero(2)
  writer.u32(link)
  writer.attributeBytes(IFA.LOCAL, bytes)
  writer.attributeBytes(IFA.ADDRESS, bytes)
  const flags =
    (options.noPrefixRoute ? IFA_F_NOPREFIXROUTE : 0) | (options.noDuplicateDetection ? IFA_F_NODAD : 0)
  if (flags) writer.attributeU32(IFA.FLAGS, flags)
}

export function readAddress({ payload }: Message): LinkAddress {
  const attributes = readAttributes(payload.subarray(HEADER_LENGTH))
  const family = payload.readUInt8(0)
  // Of a point-to-point link ADDRESS is the other end; IPv6 without a peer has no LOCAL.
  const bytes =
    attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS) ?? Buffer.alloc(family === AF_INET ? 4 : 16)
  const label = attributes.get(IFA.LABEL)
  const scope = payload.readUInt8(3)
  return {
    address: formatPrefix(family, bytes, payload.readUInt8(1)),
    link: payload.readUInt32LE(4),
    scope: scopes[scope] ?? scope,
    ...(label ? { label: readString(label) } : {}),
  }
}
