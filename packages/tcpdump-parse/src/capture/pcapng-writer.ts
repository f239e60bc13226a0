import { parseAddress } from '../address.ts'
import type { ResolvedName } from './format.ts'
import { type CaptureSink, Output } from './output.ts'
import { Block, BYTE_ORDER_MAGIC, NameRecord, Option, padded } from './pcapng-blocks.ts'
import { type OptionValue, writeOptions } from './pcapng-options.ts'

const NANOSECOND_RESOLUTION = 9
/** In July 2554. */
const LAST_TIME = 2n ** 64n - 1n

/** What a section says of where it comes from (draft-ietf-opsawg-pcapng section 4.1). */
export interface SectionOptions {
  hardware?: string
  system?: string
  application?: string
  comment?: string
}

/** A packet for {@link PcapngWriter.writePacket}. */
export interface WrittenPacket {
  /** What `addInterface` returned. */
  interface: number
  /** In nanoseconds since the epoch. */
  time: bigint
  data: Uint8Array
  /** In bytes, on the wire; by default all of it was captured. */
  length?: number
  comment?: string
}

/** Counts of an interface, for {@link PcapngWriter.addStatistics}; those left out are not written. */
export interface WrittenStatistics {
  interface: number
  /** In nanoseconds since the epoch. */
  time: bigint
  received?: bigint
  accepted?: bigint
  droppedByInterface?: bigint
  droppedBySystem?: bigint
}

/** Writes pcapng (draft-ietf-opsawg-pcapng), little-endian and with nanosecond timestamps, to a path or a stream. */
export class PcapngWriter {
  readonly #output: Output
  #interfaces = 0

  constructor(sink: CaptureSink, options: SectionOptions = {}) {
    this.#output = new Output(sink)
    this.addSection(options)
  }

  /** Begins another section: interfaces and names of the earlier one are not known in it. */
  addSection(options: SectionOptions = {}): void {
    const head = Buffer.alloc(16)
    head.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
    head.writeUInt16LE(1, 4)
    head.writeBigInt64LE(-1n, 8)
    this.#block(Block.section, head, [
      ...text(Option.comment, options.comment),
      ...text(Option.sectionHardware, options.hardware),
      ...text(Option.sectionSystem, options.system),
      ...text(Option.sectionApplication, options.application),
    ])
    this.#interfaces = 0
  }

  /** @param options.linkType by number: see `LinkType`. @returns the number by which packets name this interface. */
  addInterface(options: { name?: string; description?: string; linkType: number }): number {
    const head = Buffer.alloc(8)
    head.writeUInt16LE(options.linkType, 0)
    this.#block(Block.interface, head, [
      ...text(Option.interfaceName, options.name),
      ...text(Option.interfaceDescription, options.description),
      { code: Option.interfaceResolution, value: Buffer.from([NANOSECOND_RESOLUTION]) },
    ])
    return this.#interfaces++
  }

  /**
   * Keys for the packets that follow: see `espDsb`. Who has the file can decrypt them.
   *
   * @param type such as `ESP_SECRETS`, or 0x544c534b for a TLS key log.
   */
  addSecrets(type: number, data: Buffer): void {
    const body = Buffer.alloc(8 + padded(data.length))
    body.writeUInt32LE(type, 0)
    body.writeUInt32LE(data.length, 4)
    data.copy(body, 8)
    this.#block(Block.secrets, body, [])
  }

  /** Names for addresses, which Wireshark then shows in their place. @throws TypeError for what is no IP address. */
  addNames(names: readonly ResolvedName[]): void {
    const records = names.map(({ address, names: ofAddress }) => {
      const bytes = parseAddress(address)
      const value = Buffer.concat([bytes, Buffer.from(ofAddress.map((name) => `${name}\0`).join(''))])
      const record = Buffer.alloc(4 + padded(value.length))
      record.writeUInt16LE(bytes.length === 4 ? NameRecord.ipv4 : NameRecord.ipv6, 0)
      record.writeUInt16LE(value.length, 2)
      value.copy(record, 4)
      return record
    })
    this.#block(Block.nameResolution, Buffer.concat([...records, Buffer.alloc(4)]), [])
  }

  /** What an interface counted until now. @throws RangeError as `writePacket` does. */
  addStatistics(statistics: WrittenStatistics): void {
    this.#require(statistics.interface)
    requireTime(statistics.time)
    const head = Buffer.alloc(12)
    head.writeUInt32LE(statistics.interface, 0)
    head.writeUInt32LE(Number(statistics.time >> 32n), 4)
    head.writeUInt32LE(Number(statistics.time & 0xffffffffn), 8)
    this.#block(Block.interfaceStatistics, head, [
      ...count(Option.statisticsReceived, statistics.received),
      ...count(Option.statisticsDroppedByInterface, statistics.droppedByInterface),
      ...count(Option.statisticsAccepted, statistics.accepted),
      ...count(Option.statisticsDroppedBySystem, statistics.droppedBySystem),
    ])
  }

  /** @throws RangeError when the interface was not added to this section, or the time is before 1970 or after 2554. */
  writePacket(packet: WrittenPacket): void {
    this.#require(packet.interface)
    requireTime(packet.time)
    const { data } = packet
    const options =
      packet.comment === undefined ? undefined : writeOptions(text(Option.comment, packet.comment))
    const length = 32 + padded(data.length) + (options?.length ?? 0)
    const at = this.#output.reserve(length)
    const out = this.#output.buffer
    out.writeUInt32LE(Block.enhancedPacket, at)
    out.writeUInt32LE(length, at + 4)
    out.writeUInt32LE(packet.interface, at + 8)
    out.writeUInt32LE(Number(packet.time >> 32n), at + 12)
    out.writeUInt32LE(Number(packet.time & 0xffffffffn), at + 16)
    out.writeUInt32LE(data.length, at + 20)
    out.writeUInt32LE(packet.length ?? data.length, at + 24)
    out.set(data, at + 28)
    const end = at + 28 + padded(data.length)
    out.fill(0, at + 28 + data.length, end)
    if (options) options.copy(out, end)
    out.writeUInt32LE(length, at + length - 4)
  }

  /** Writes what is still held back, and ends the sink. */
  close(): Promise<void> {
    return this.#output.close()
  }

  #require(number: number): void {
    if (number >= this.#interfaces)
      throw new RangeError(`interface ${number} was not added; there are ${this.#interfaces}`)
  }

  #block(type: number, body: Buffer, options: readonly OptionValue[]): void {
    const tail = writeOptions(options)
    const length = 12 + body.length + tail.length
    const at = this.#output.reserve(length)
    const out = this.#output.buffer
    out.writeUInt32LE(type, at)
    out.writeUInt32LE(length, at + 4)
    body.copy(out, at + 8)
    tail.copy(out, at + 8 + body.length)
    out.writeUInt32LE(length, at + length - 4)
  }
}

/** Before anything is written: half a block would make all after it unreadable. */
function requireTime(time: bigint): void {
  if (time < 0n || time > LAST_TIME)
    throw new RangeError(`a time of ${time} ns: pcapng with nanoseconds has 0 to ${LAST_TIME}`)
}

const text = (code: number, value: string | undefined): OptionValue[] =>
  value === undefined ? [] : [{ code, value: Buffer.from(value, 'utf8') }]

function count(code: number, value: bigint | undefined): OptionValue[] {
  if (value === undefined) return []
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return [{ code, value: bytes }]
}
