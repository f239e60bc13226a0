import { formatIpv4, formatIpv6 } from '../address.ts'
import { CaptureError, type Problem } from '../problem.ts'
import { type Format, type InterfaceEntry, LONGEST_RECORD, type RecordSink, type Report } from './format.ts'
import { type Clock, timeOf } from './packet.ts'
import { Block, BYTE_ORDER_MAGIC, NameRecord, Option, padded } from './pcapng-blocks.ts'
import { type OptionValue, readOptions, textOf } from './pcapng-options.ts'

const NOTHING = Buffer.alloc(0)

/** pcapng: draft-ietf-opsawg-pcapng. Several sections and interfaces; unknown and custom blocks are passed over. */
export class PcapngFormat implements Format {
  readonly #report: Report
  #interfaces: InterfaceEntry[] = []
  #littleEndian = true
  #sections = 0
  /** The window at hand, and what to add to an offset in it to have one in the file. */
  #window: Buffer = NOTHING
  #view: DataView = new DataView(NOTHING.buffer, 0, 0)
  #toFile = 0
  wanted = 0

  constructor(report: Report) {
    this.#report = report
  }

  parse(window: Buffer, from: number, to: number, base: number, sink: RecordSink): number {
    const view = new DataView(window.buffer, window.byteOffset, window.byteLength)
    this.#window = window
    this.#view = view
    this.#toFile = base - from
    let at = from
    for (;;) {
      this.wanted = 12
      if (at + 12 > to) return at - from
      // The type of a section header reads the same in both byte orders, and its next field tells which one holds.
      if (view.getUint32(at, true) === Block.section) {
        if (!this.#startSection(at)) return -1
      }
      const little = this.#littleEndian
      const length = view.getUint32(at + 4, little)
      if (length < 12 || length % 4 !== 0 || length > LONGEST_RECORD)
        return this.#stop('bad-length', at + 4, `a block of ${length} bytes`)
      if (at + length > to) {
        this.wanted = length
        return at - from
      }
      const closing = view.getUint32(at + length - 4, little)
      if (closing !== length)
        return this.#stop('bad-length', at + length - 4, `a block of ${length} bytes closes with ${closing}`)
      const type = view.getUint32(at, little)
      if (type === Block.enhancedPacket) this.#enhancedPacket(at, length, sink)
      else {
        if (type === Block.section || type === Block.interface)
          this.#report.context(this.#toFile + at, length)
        if (type !== Block.section) this.#otherBlock(type, at, length, sink)
      }
      at += length
    }
  }

  #stop(code: Problem['code'], at: number, message: string): -1 {
    this.#report.problem({
      code,
      offset: this.#toFile + at,
      message: `${message}; nothing after it can be read`,
    })
    return -1
  }

  #skip(code: Problem['code'], at: number, message: string) {
    this.#report.problem({ code, offset: this.#toFile + at, message: `${message}; it is left out` })
  }

  #startSection(at: number): boolean {
    const little = this.#view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC
    if (!little && this.#view.getUint32(at + 8, false) !== BYTE_ORDER_MAGIC) {
      if (this.#sections === 0)
        throw new CaptureError('the pcapng section has no byte-order magic', this.#toFile + at + 8)
      this.#stop('bad-value', at + 8, 'a section without a byte-order magic')
      return false
    }
    this.#littleEndian = little
    this.#sections++
    this.#interfaces = []
    return true
  }

  #otherBlock(type: number, at: number, length: number, sink: RecordSink) {
    if (type === Block.interface) this.#describeInterface(at, length)
    else if (type === Block.simplePacket) this.#simplePacket(at, length, sink)
    else if (type === Block.packetObsolete) this.#obsoletePacket(at, length, sink)
    else if (type === Block.secrets) this.#secrets(at, length)
    else if (type === Block.interfaceStatistics) this.#statistics(at, length)
    else if (type === Block.nameResolution) this.#names(at, length)
  }

  #optionsOf(start: number, end: number): OptionValue[] {
    return readOptions(this.#window.subarray(start, end), this.#littleEndian)
  }

  #describeInterface(at: number, length: number) {
    if (length < 20) {
      // It still takes a number, or all that follow would be off by one.
      this.#skip('bad-length', at, `an interface description of ${length} bytes`)
      this.#interfaces.push({ shown: { linkType: -1 }, clock: clockOf(6, 0n), snapLength: 0 })
      return
    }
    const little = this.#littleEndian
    const described: { name?: string; description?: string } = {}
    let resolution = 6
    let offset = 0n
    for (const { code, value } of this.#optionsOf(at + 16, at + length - 4)) {
      if (code === Option.interfaceName) described.name = textOf(value)
      else if (code === Option.interfaceDescription) described.description = textOf(value)
      else if (code === Option.interfaceResolution && value.length >= 1) resolution = value[0]!
      else if (code === Option.interfaceTimeOffset && value.length >= 8)
        offset = little ? value.readBigInt64LE() : value.readBigInt64BE()
    }
    this.#interfaces.push({
      shown: { ...described, linkType: this.#view.getUint16(at + 8, little) },
      clock: clockOf(resolution, offset),
      snapLength: this.#view.getUint32(at + 12, little),
    })
  }

  #interfaceAt(number: number, at: number, what: string): InterfaceEntry | undefined {
    const entry = this.#interfaces[number]
    if (!entry) this.#skip('no-interface', at, `${what} of interface ${number}, never described`)
    return entry
  }

  #enhancedPacket(at: number, length: number, sink: RecordSink) {
    if (length < 32) return this.#skip('bad-length', at, `a packet block of ${length} bytes`)
    const view = this.#view
    const little = this.#littleEndian
    const from = this.#interfaceAt(view.getUint32(at + 8, little), at + 8, 'a packet')
    if (!from) return
    const captured = view.getUint32(at + 20, little)
    const start = at + 28
    const options = start + padded(captured)
    const close = at + length - 4
    if (captured > LONGEST_RECORD || options > close)
      return this.#skip('bad-length', at + 20, `a packet of ${captured} bytes in a block of ${length}`)
    const high = view.getUint32(at + 12, little)
    const low = view.getUint32(at + 16, little)
    const wire = view.getUint32(at + 24, little)
    sink.packet(from, this.#window, start, start + captured, wire, high, low, options, close, little)
  }

  #simplePacket(at: number, length: number, sink: RecordSink) {
    const from = this.#interfaceAt(0, at, 'a simple packet')
    if (!from) return
    if (length < 16) return this.#skip('bad-length', at, `a packet block of ${length} bytes`)
    const wire = this.#view.getUint32(at + 8, this.#littleEndian)
    const captured = from.snapLength === 0 ? wire : Math.min(wire, from.snapLength)
    const start = at + 12
    if (start + captured > at + length - 4)
      return this.#skip('bad-length', at + 8, `a packet of ${captured} bytes in a block of ${length}`)
    sink.packet(from, this.#window, start, start + captured, wire, 0, 0, 0, 0, this.#littleEndian)
  }

  #obsoletePacket(at: number, length: number, sink: RecordSink) {
    if (length < 32) return this.#skip('bad-length', at, `a packet block of ${length} bytes`)
    const view = this.#view
    const little = this.#littleEndian
    const from = this.#interfaceAt(view.getUint16(at + 8, little), at + 8, 'a packet')
    if (!from) return
    const captured = view.getUint32(at + 20, little)
    const start = at + 28
    if (captured > LONGEST_RECORD || start + captured > at + length - 4)
      return this.#skip('bad-length', at + 20, `a packet of ${captured} bytes in a block of ${length}`)
    const high = view.getUint32(at + 12, little)
    const low = view.getUint32(at + 16, little)
    const wire = view.getUint32(at + 24, little)
    sink.packet(from, this.#window, start, start + captured, wire, high, low, 0, 0, little)
  }

  #secrets(at: number, length: number) {
    const little = this.#littleEndian
    const size = length < 20 ? 0 : this.#view.getUint32(at + 12, little)
    if (length < 20 || at + 16 + size > at + length - 4)
      return this.#skip('bad-length', at, `${size} bytes of secrets in a block of ${length}`)
    const data = Buffer.from(this.#window.subarray(at + 16, at + 16 + size))
    this.#report.secrets(this.#view.getUint32(at + 8, little), data)
  }

  #statistics(at: number, length: number) {
    if (length < 24) return this.#skip('bad-length', at, `interface statistics of ${length} bytes`)
    const little = this.#littleEndian
    const from = this.#interfaceAt(this.#view.getUint32(at + 8, little), at + 8, 'statistics')
    if (!from) return
    const options = this.#optionsOf(at + 20, at + length - 4)
    const count = (wanted: number): bigint | undefined => {
      const value = options.find(({ code, value }) => code === wanted && value.length >= 8)?.value
      return value && (little ? value.readBigUInt64LE() : value.readBigUInt64BE())
    }
    const counts = {
      received: count(Option.statisticsReceived),
      accepted: count(Option.statisticsAccepted),
      droppedByInterface: count(Option.statisticsDroppedByInterface),
      droppedBySystem: count(Option.statisticsDroppedBySystem),
    }
    const time = timeOf(
      from.clock,
      this.#view.getUint32(at + 12, little),
      this.#view.getUint32(at + 16, little),
    )
    const given = Object.entries(counts).filter(([, value]) => value !== undefined)
    this.#report.statistics({ interface: from.shown, time, ...Object.fromEntries(given) })
  }

  #names(at: number, length: number) {
    const close = at + length - 4
    const little = this.#littleEndian
    for (let record = at + 8; record + 4 <= close; ) {
      const type = this.#view.getUint16(record, little)
      const size = this.#view.getUint16(record + 2, little)
      if (type === NameRecord.end) return
      const value = record + 4
      if (value + size > close) return this.#skip('bad-length', record, `a name of ${size} bytes`)
      const addressLength = type === NameRecord.ipv4 ? 4 : type === NameRecord.ipv6 ? 16 : 0
      if (addressLength > 0 && size > addressLength) {
        const format = type === NameRecord.ipv4 ? formatIpv4 : formatIpv6
        const names = this.#window
          .toString('utf8', value + addressLength, value + size)
          .split('\0')
          .filter((name) => name !== '')
        this.#report.name({ address: format(this.#window, value), names })
      }
      record = value + padded(size)
    }
  }
}

/** @param resolution if_tsresol: a negative power of ten, or of two when the top bit is set. */
function clockOf(resolution: number, offset: bigint): Clock {
  const power = BigInt(resolution & 0x7f)
  return { unitsPerSecond: (resolution & 0x80 ? 2n : 10n) ** power, offset }
}
