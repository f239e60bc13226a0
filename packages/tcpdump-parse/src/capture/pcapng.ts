import { CaptureError, type Problem } from '../problem.ts'
import { type Format, LONGEST_RECORD, type Report } from './format.ts'
import { type CaptureInterface, type Clock, Packet } from './packet.ts'
import { Block, BYTE_ORDER_MAGIC, Option, padded } from './pcapng-blocks.ts'
import { readOptions } from './pcapng-options.ts'

interface Interface {
  readonly shown: CaptureInterface
  readonly clock: Clock
  /** Most bytes kept of a packet; 0 for all of them. */
  readonly snapLength: number
}

/** pcapng: draft-ietf-opsawg-pcapng. Several sections and interfaces; unknown blocks are passed over. */
export class PcapngFormat implements Format {
  readonly #report: Report
  #interfaces: Interface[] = []
  #littleEndian = true
  #sections = 0
  wanted = 0

  constructor(report: Report) {
    this.#report = report
  }

  parse(window: Buffer, base: number, packets: Packet[]): number {
    const view = new DataView(window.buffer, window.byteOffset, window.byteLength)
    let at = 0
    for (;;) {
      this.wanted = 12
      if (at + 12 > window.length) return at
      // The type of a section header reads the same in both byte orders, and its next field tells which one holds.
      if (view.getUint32(at, true) === Block.section) {
        if (!this.#startSection(view, base, at)) return -1
      }
      const little = this.#littleEndian
      const length = view.getUint32(at + 4, little)
      if (length < 12 || length % 4 !== 0 || length > LONGEST_RECORD)
        return this.#stop('bad-length', base + at + 4, `a block of ${length} bytes`)
      if (at + length > window.length) {
        this.wanted = length
        return at
      }
      const closing = view.getUint32(at + length - 4, little)
      if (closing !== length)
        return this.#stop(
          'bad-length',
          base + at + length - 4,
          `a block of ${length} bytes closes with ${closing}`,
        )
      const type = view.getUint32(at, little)
      if (type === Block.enhancedPacket) this.#enhancedPacket(window, view, base, at, length, packets)
      else if (type !== Block.section) this.#otherBlock(type, window, view, base, at, length, packets)
      at += length
    }
  }

  #stop(code: Problem['code'], offset: number, message: string): -1 {
    this.#report.problem({ code, offset, message: `${message}; nothing after it can be read` })
    return -1
  }

  #skip(code: Problem['code'], offset: number, message: string) {
    this.#report.problem({ code, offset, message: `${message}; it is left out` })
  }

  #startSection(view: DataView, base: number, at: number): boolean {
    const little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC
    if (!little && view.getUint32(at + 8, false) !== BYTE_ORDER_MAGIC) {
      if (this.#sections === 0)
        throw new CaptureError('the pcapng section has no byte-order magic', base + at + 8)
      this.#stop('bad-value', base + at + 8, 'a section without a byte-order magic')
      return false
    }
    this.#littleEndian = little
    this.#sections++
    this.#interfaces = []
    return true
  }

  #otherBlock(
    type: number,
    window: Buffer,
    view: DataView,
    base: number,
    at: number,
    length: number,
    packets: Packet[],
  ) {
    if (type === Block.interface) this.#describeInterface(window, view, base, at, length)
    else if (type === Block.simplePacket) this.#simplePacket(window, view, base, at, length, packets)
    else if (type === Block.packetObsolete) this.#obsoletePacket(window, view, base, at, length, packets)
    else if (type === Block.secrets) this.#secrets(window, view, base, at, length)
  }

  #describeInterface(window: Buffer, view: DataView, base: number, at: number, length: number) {
    if (length < 20) {
      // It still takes a number, or all that follow would be off by one.
      this.#skip('bad-length', base + at, `an interface description of ${length} bytes`)
      this.#interfaces.push({ shown: { linkType: -1 }, clock: clockOf(6, 0n), snapLength: 0 })
      return
    }
    const little = this.#littleEndian
    const described: { name?: string; description?: string } = {}
    let resolution = 6
    let offset = 0n
    for (const { code, value } of readOptions(window.subarray(at + 16, at + length - 4), little)) {
      if (code === Option.interfaceName) described.name = text(value)
      else if (code === Option.interfaceDescription) described.description = text(value)
      else if (code === Option.interfaceResolution && value.length >= 1) resolution = value[0]!
      else if (code === Option.interfaceTimeOffset && value.length >= 8)
        offset = little ? value.readBigInt64LE() : value.readBigInt64BE()
    }
    this.#interfaces.push({
      shown: { ...described, linkType: view.getUint16(at + 8, little) },
      clock: clockOf(resolution, offset),
      snapLength: view.getUint32(at + 12, little),
    })
  }

  #enhancedPacket(
    window: Buffer,
    view: DataView,
    base: number,
    at: number,
    length: number,
    packets: Packet[],
  ) {
    if (length < 32) return this.#skip('bad-length', base + at, `a packet block of ${length} bytes`)
    const little = this.#littleEndian
    const number = view.getUint32(at + 8, little)
    const from = this.#interfaces[number]
    if (!from)
      return this.#skip('no-interface', base + at + 8, `a packet of interface ${number}, never described`)
    const captured = view.getUint32(at + 20, little)
    const start = at + 28
    const end = start + padded(captured)
    const close = at + length - 4
    if (captured > LONGEST_RECORD || end > close)
      return this.#skip('bad-length', base + at + 20, `a packet of ${captured} bytes in a block of ${length}`)
    const high = view.getUint32(at + 12, little)
    const low = view.getUint32(at + 16, little)
    const wire = view.getUint32(at + 24, little)
    const data = window.subarray(start, start + captured)
    const comments = end < close ? this.#comments(window.subarray(end, close)) : undefined
    packets.push(new Packet(from.shown, data, wire, high, low, from.clock, comments))
  }

  #comments(options: Buffer): string[] {
    return readOptions(options, this.#littleEndian)
      .filter(({ code }) => code === Option.comment)
      .map(({ value }) => text(value))
  }

  #simplePacket(window: Buffer, view: DataView, base: number, at: number, length: number, packets: Packet[]) {
    const from = this.#interfaces[0]
    if (!from) return this.#skip('no-interface', base + at, 'a simple packet before any interface')
    if (length < 16) return this.#skip('bad-length', base + at, `a packet block of ${length} bytes`)
    const wire = view.getUint32(at + 8, this.#littleEndian)
    const captured = from.snapLength === 0 ? wire : Math.min(wire, from.snapLength)
    if (at + 12 + captured > at + length - 4)
      return this.#skip('bad-length', base + at + 8, `a packet of ${captured} bytes in a block of ${length}`)
    packets.push(new Packet(from.shown, window.subarray(at + 12, at + 12 + captured), wire, 0, 0, from.clock))
  }

  #obsoletePacket(
    window: Buffer,
    view: DataView,
    base: number,
    at: number,
    length: number,
    packets: Packet[],
  ) {
    if (length < 32) return this.#skip('bad-length', base + at, `a packet block of ${length} bytes`)
    const little = this.#littleEndian
    const number = view.getUint16(at + 8, little)
    const from = this.#interfaces[number]
    if (!from)
      return this.#skip('no-interface', base + at + 8, `a packet of interface ${number}, never described`)
    const captured = view.getUint32(at + 20, little)
    if (captured > LONGEST_RECORD || at + 28 + captured > at + length - 4)
      return this.#skip('bad-length', base + at + 20, `a packet of ${captured} bytes in a block of ${length}`)
    const data = window.subarray(at + 28, at + 28 + captured)
    const high = view.getUint32(at + 12, little)
    const low = view.getUint32(at + 16, little)
    packets.push(new Packet(from.shown, data, view.getUint32(at + 24, little), high, low, from.clock))
  }

  #secrets(window: Buffer, view: DataView, base: number, at: number, length: number) {
    const little = this.#littleEndian
    const size = length < 20 ? 0 : view.getUint32(at + 12, little)
    if (length < 20 || at + 16 + size > at + length - 4)
      return this.#skip('bad-length', base + at, `${size} bytes of secrets in a block of ${length}`)
    this.#report.secrets(
      view.getUint32(at + 8, little),
      Buffer.from(window.subarray(at + 16, at + 16 + size)),
    )
  }
}

/** @param resolution if_tsresol: a negative power of ten, or of two when the top bit is set. */
function clockOf(resolution: number, offset: bigint): Clock {
  const power = BigInt(resolution & 0x7f)
  return { unitsPerSecond: (resolution & 0x80 ? 2n : 10n) ** power, offset }
}

/** Some writers count the terminating zero into the option. */
const text = (value: Buffer): string => value.toString('utf8').replace(/\0+$/, '')
