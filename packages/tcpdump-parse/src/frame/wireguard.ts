import type { WireGuard } from './headers.ts'

/** Message types and their lengths in bytes (the WireGuard paper, section 5.4); data is padded to 16 bytes. */
const INITIATION = { type: 1, length: 148 }
const RESPONSE = { type: 2, length: 92 }
const COOKIE = { type: 3, length: 64 }
const DATA = { type: 4, shortest: 32 }

export function wireGuardMessage(datagram: Buffer): WireGuard | undefined {
  // One byte of type and three of zero, then, but for the first message, the receiver's index.
  if (datagram.length < DATA.shortest || (datagram[1]! | datagram[2]! | datagram[3]!) !== 0) return undefined
  const { length } = datagram
  switch (datagram[0]) {
    case INITIATION.type:
      return length === INITIATION.length ? { type: 'initiation', receiver: 0 } : undefined
    case RESPONSE.type:
      return length === RESPONSE.length ? { type: 'response', receiver: datagram.readUInt32LE(8) } : undefined
    case COOKIE.type:
      return length === COOKIE.length ? { type: 'cookie', receiver: datagram.readUInt32LE(4) } : undefined
    case DATA.type:
      return length % 16 === 0
        ? { type: 'data', receiver: datagram.readUInt32LE(4), counter: datagram.readBigUInt64LE(8) }
        : undefined
    default:
      return undefined
  }
}
