import { type CaptureSink, Output } from './output.ts'

const NANOSECONDS_MAGIC = 0xa1b23c4d
const MICROSECONDS_MAGIC = 0xa1b2c3d4
const FILE_HEADER = 24
const RECORD_HEADER = 16
const LONGEST_PACKET = 262_144
const BILLION = 1_000_000_000n

/**
 * Writes pcap (draft-ietf-opsawg-pcap), the older of the two forms: one interface, no names, no comments, no keys. What
 * every tool reads.
 */
export class PcapWriter {
  readonly #output: Output
  readonly #nanosecondsPerUnit: number

  /**
   * @param options.linkType by number: see `LinkType`.
   * @param options.microseconds for the few tools that know no other resolution than microseconds.
   */
  constructor(sink: CaptureSink, options: { linkType: number; microseconds?: boolean }) {
    this.#output = new Output(sink)
    this.#nanosecondsPerUnit = options.microseconds ? 1000 : 1
    const at = this.#output.reserve(FILE_HEADER)
    const out = this.#output.buffer
    out.writeUInt32LE(options.microseconds ? MICROSECONDS_MAGIC : NANOSECONDS_MAGIC, at)
    out.writeUInt16LE(2, at + 4)
    out.writeUInt16LE(4, at + 6)
    out.fill(0, at + 8, at + 16)
    out.writeUInt32LE(LONGEST_PACKET, at + 16)
    out.writeUInt32LE(options.linkType, at + 20)
  }

  /**
   * @param packet.time in nanoseconds since the epoch.
   * @param packet.length in bytes, on the wire; by default all was captured.
   * @throws RangeError when the time is before 1970 or after February 2106, which the format has no room for.
   */
  writePacket(packet: { time: bigint; data: Uint8Array; length?: number }): void {
    const { time, data } = packet
    if (time < 0n || time / BILLION > 0xffffffffn)
      throw new RangeError(`a time of ${time} ns: pcap has 32 bits of seconds from 1970 on`)
    const at = this.#output.reserve(RECORD_HEADER + data.length)
    const out = this.#output.buffer
    out.writeUInt32LE(Number(time / BILLION), at)
    out.writeUInt32LE(Math.floor(Number(time % BILLION) / this.#nanosecondsPerUnit), at + 4)
    out.writeUInt32LE(data.length, at + 8)
    out.writeUInt32LE(packet.length ?? data.length, at + 12)
    out.set(data, at + RECORD_HEADER)
  }

  /** Writes what is still held back, and ends the sink. */
  close(): Promise<void> {
    return this.#output.close()
  }
}
