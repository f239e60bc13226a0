import type { Writer } from '../writer.ts'

/** Last sequence numbers of an association: sent, and highest received. */
export interface Replay {
  readonly sent: bigint
  readonly received: bigint
}

/** struct xfrm_replay_state_esn, whose bitmap for `window` packets the kernel supplies when it is left out. */
export function writeReplayEsn(writer: Writer, window: number): void {
  writer.u32(Math.ceil(window / 32))
  writer.zero(16)
  writer.u32(window)
}

export function readReplayEsn(bytes: Buffer): Replay {
  const join = (high: number, low: number) =>
    (BigInt(bytes.readUInt32LE(high)) << 32n) | BigInt(bytes.readUInt32LE(low))
  return { sent: join(12, 4), received: join(16, 8) }
}

/** struct xfrm_replay_state. */
export function readReplay(bytes: Buffer | undefined): Replay {
  if (!bytes) return { sent: 0n, received: 0n }
  return { sent: BigInt(bytes.readUInt32LE(0)), received: BigInt(bytes.readUInt32LE(4)) }
}
