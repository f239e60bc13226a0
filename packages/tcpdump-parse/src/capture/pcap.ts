import { CaptureError } from '../problem.ts'
import { type Format, type InterfaceEntry, LONGEST_RECORD, type RecordSink, type Report } from './format.ts'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const RECORD_HEADER = 16

/** pcap: draft-ietf-opsawg-pcap. Both byte orders, both resolutions. */
export class PcapFormat implements Format {
  readonly #littleEndian: boolean
  readonly #nanosecondsPerUnit: number
  readonly #report: Report
  #interface: InterfaceEntry | undefined
  wanted = 0

  constructor(magic: { littleEndian: boolean; nanosecondsPerUnit: number }, report: Report) {
    this.#littleEndian = magic.littleEndian
    this.#nanosecondsPerUnit = magic.nanosecondsPerUnit
    this.#report = report
  }

  /** Recognises the first four bytes of a file. */
  static magic(head: Buffer): { littleEndian: boolean; nanosecondsPerUnit: number } | undefined {
    for (const littleEndian of [true, false]) {
      const magic = littleEndian ? head.readUInt32LE(0) : head.readUInt32BE(0)
      if (magic === MICROSECONDS) return { littleEndian, nanosecondsPerUnit: 1000 }
      if (magic === NANOSECONDS) return { littleEndian, nanosecondsPerUnit: 1 }
    }
    return undefined
  }

  parse(window: Buffer, from: number, to: number, base: number, sink: RecordSink): number {
    const view = new DataView(window.buffer, window.byteOffset, window.byteLength)
    const little = this.#littleEndian
    let at = from
    if (!this.#interface) {
      this.wanted = FILE_HEADER
      if (to - from < FILE_HEADER) return 0
      const major = view.getUint16(from + 4, little)
      if (major !== 2) throw new CaptureError(`version ${major} of pcap is not known`, 4)
      // The upper half tells about frame check sequences, not about the link type.
      const linkType = view.getUint32(from + 20, little) & 0xffff
      this.#interface = { shown: { linkType }, clock: undefined, snapLength: 0 }
      this.#report.context(base, FILE_HEADER)
      at = from + FILE_HEADER
    }
    const entry = this.#interface
    const unit = this.#nanosecondsPerUnit
    while (at + RECORD_HEADER <= to) {
      const captured = view.getUint32(at + 8, little)
      if (captured > LONGEST_RECORD) {
        this.#report.problem({
          code: 'bad-length',
          offset: base + at - from + 8,
          message: `a packet record of ${captured} bytes; nothing after it can be read`,
        })
        return -1
      }
      const start = at + RECORD_HEADER
      const end = start + captured
      if (end > to) {
        this.wanted = RECORD_HEADER + captured
        return at - from
      }
      const seconds = view.getUint32(at, little)
      const nanoseconds = view.getUint32(at + 4, little) * unit
      const length = view.getUint32(at + 12, little)
      sink.packet(entry, window, start, end, length, seconds, nanoseconds, 0, 0, little)
      at = end
    }
    this.wanted = RECORD_HEADER
    return at - from
  }
}
