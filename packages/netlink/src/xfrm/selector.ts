import { AF_INET, AF_INET6, addressEnd, formatAddress, formatPrefix, prefixLength } from '../address.ts'
import type { Writer } from '../writer.ts'

/** A packet's mark is compared with `value` in the bits of `mask`. */
export interface Mark {
  readonly value: number
  readonly mask: number
}

/** Which packets a policy is about. */
export interface Selector {
  /** Prefixes: `10.0.0.0/24`. */
  readonly source: string
  readonly destination: string
  /** Number of the IP protocol; any, when absent. */
  readonly protocol?: number
  /** Any, when absent. Of ICMP the type is in its place. */
  readonly sourcePort?: number
  /** Any, when absent. */
  readonly destinationPort?: number
}

const ADDRESS_LENGTH = 16
export const SELECTOR_LENGTH = 56

/** xfrm_address_t: IPv4 in the first four of sixteen bytes. */
export function writeXfrmAddress(writer: Writer, address: string): void {
  writer.address(address, address.length, ADDRESS_LENGTH)
}

export function readXfrmAddress(family: number, bytes: Buffer, at: number): string {
  return formatAddress(family, bytes.subarray(at, at + ADDRESS_LENGTH))
}

/** struct xfrm_selector (include/uapi/linux/xfrm.h). @returns the family. */
export function writeSelector(writer: Writer, selector: Selector): number {
  const { source, destination, protocol = 0, sourcePort, destinationPort } = selector
  const [toEnd, fromEnd] = [addressEnd(destination), addressEnd(source)]
  const bytes = writer.address(destination, toEnd, ADDRESS_LENGTH)
  if (writer.address(source, fromEnd, ADDRESS_LENGTH) !== bytes)
    throw new TypeError(
      `a selector needs two prefixes of one address family, not ${source} and ${destination}`,
    )
  const family = bytes === 4 ? AF_INET : AF_INET6
  writer.bigU16(destinationPort ?? 0)
  writer.bigU16(destinationPort === undefined ? 0 : 0xffff)
  writer.bigU16(sourcePort ?? 0)
  writer.bigU16(sourcePort === undefined ? 0 : 0xffff)
  writer.u16(family)
  writer.u8(prefixLength(destination, toEnd, bytes * 8))
  writer.u8(prefixLength(source, fromEnd, bytes * 8))
  writer.u8(protocol)
  writer.zero(11)
  return family
}

export function readSelector(bytes: Buffer): Selector {
  const family = bytes.readUInt16LE(40)
  const protocol = bytes.readUInt8(44)
  return {
    source: formatPrefix(family, bytes.subarray(16, 32), bytes.readUInt8(43)),
    destination: formatPrefix(family, bytes.subarray(0, 16), bytes.readUInt8(42)),
    ...(protocol === 0 ? {} : { protocol }),
    ...(bytes.readUInt16BE(38) === 0 ? {} : { sourcePort: bytes.readUInt16BE(36) }),
    ...(bytes.readUInt16BE(34) === 0 ? {} : { destinationPort: bytes.readUInt16BE(32) }),
  }
}

/** struct xfrm_mark. */
export function writeMark(writer: Writer, mark: Mark): void {
  writer.u32(mark.value)
  writer.u32(mark.mask)
}

export function readMark(bytes: Buffer): Mark {
  return { value: bytes.readUInt32LE(0), mask: bytes.readUInt32LE(4) }
}

/** struct xfrm_lifetime_cfg without any limit: XFRM_INF bytes and packets, no expiry. */
export function writeUnlimitedLifetime(writer: Writer): void {
  writer.ones(32)
  writer.zero(32)
}
