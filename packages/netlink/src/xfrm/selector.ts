import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '../address.ts'
import type { Writer } from '../writer.ts'

/** A packet's mark is compared with `value` in the bits of `mask`. */
export interface Mark {
  readonly value: number
  readonly mask: number
}

const ADDRESS_LENGTH = 16
export const SELECTOR_LENGTH = 56

/** xfrm_address_t: IPv4 in the first four of sixteen bytes. */
export function writeXfrmAddress(writer: Writer, address: string): void {
  const bytes = parseAddress(address)
  writer.copy(bytes)
  writer.zero(ADDRESS_LENGTH - bytes.length)
}

export function readXfrmAddress(family: number, bytes: Buffer, at: number): string {
  return formatAddress(family, bytes.subarray(at, at + ADDRESS_LENGTH))
}

/** struct xfrm_selector (include/uapi/linux/xfrm.h) of two prefixes, any protocol, any port. @returns the family. */
export function writeSelector(writer: Writer, source: string, destination: string): number {
  const from = parsePrefix(source)
  const to = parsePrefix(destination)
  if (from.family !== to.family)
    throw new TypeError(
      `a selector needs two prefixes of one address family, not ${source} and ${destination}`,
    )
  for (const { bytes } of [to, from]) {
    writer.copy(bytes)
    writer.zero(ADDRESS_LENGTH - bytes.length)
  }
  writer.zero(8)
  writer.u16(from.family)
  writer.u8(to.length)
  writer.u8(from.length)
  writer.zero(12)
  return from.family
}

export function readSelector(bytes: Buffer): { source: string; destination: string } {
  const family = bytes.readUInt16LE(40)
  return {
    source: formatPrefix(family, bytes.subarray(16, 32), bytes.readUInt8(43)),
    destination: formatPrefix(family, bytes.subarray(0, 16), bytes.readUInt8(42)),
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
