import type { Writer } from '../writer.ts'
import type { XfrmStateOptions } from './state.ts'

/** Last sequence numbers of an association: sent, and highest received. */
export interface Replay {
  readonly sent: bigint
  readonly received: bigint
  /**
   * Of a wide or extended replay window, which numbers in it have been received: for number n, bit (n - 1) mod the window's
   * size, bit 0 being the lowest of the first byte.
   */
  readonly bitmap?: Buffer
}

const LENGTH = 24
const WORD_BITS = 32

/** struct xfrm_replay_state_esn, whose bitmap for `window` packets the kernel supplies when it is left out. */
export function writeReplayEsn(writer: Writer, window: number, last: XfrmStateOptions['goOnAfter']): void {
  writer.u32(Math.ceil(window / WORD_BITS))
  if (last === undefined) {
    writer.zero(16)
    writer.u32(window)
    return
  }
  const { sent = 0n, received = 0n } = last
  writer.u32(low(sent))
  writer.u32(low(received))
  writer.u32(high(sent))
  writer.u32(high(received))
  writer.u32(window)
}

export function readReplayEsn(bytes: Buffer): Replay {
  const join = (high: number, low: number) =>
    (BigInt(bytes.readUInt32LE(high)) << 32n) | BigInt(bytes.readUInt32LE(low))
  // Words of 32 bits, each little-endian on a little-endian machine: the bytes are in the order of the bits.
  const bitmap = bytes.subarray(LENGTH, LENGTH + bytes.readUInt32LE(0) * 4)
  return {
    sent: join(12, 4),
    received: join(16, 8),
    ...(bitmap.length > 0 && { bitmap: Buffer.from(bitmap) }),
  }
}

/** struct xfrm_replay_state. */
export function readReplay(bytes: Buffer | undefined): Replay {
  if (!bytes) return { sent: 0n, received: 0n }
  return { sent: BigInt(bytes.readUInt32LE(0)), received: BigInt(bytes.readUInt32LE(4)) }
}

function low(sequence: bigint): number {
  return Number(sequence & 0xffff_ffffn)
}

function high(sequence: bigint): number {
  return Number(sequence >> 32n)
}
