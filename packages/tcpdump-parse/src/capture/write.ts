import { closeSync, openSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { Block, BYTE_ORDER_MAGIC, Option, padded } from './pcapng-blocks.ts'
import { type OptionValue, writeOptions } from './pcapng-options.ts'

const BUFFER = 1 << 20
const NANOSECOND_RESOLUTION = 9

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

/**
 * Writes pcapng with nanosecond timestamps. To a path it writes as it goes, in memory that does not grow; an error of
 * the file system (such as a full disk) is thrown by the call that met it.
 */
export class PcapngWriter {
  readonly #write: (chunk: Buffer) => void
  readonly #end: () => Promise<void>
  #buffer = Buffer.allocUnsafe(BUFFER)
  #used = 0
  #interfaces = 0

  constructor(sink: string | Writable, options: { hardware?: string; application?: string } = {}) {
    if (typeof sink === 'string') {
      const fd = openSync(sink, 'w')
      this.#write = (chunk) => {
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      }
      this.#end = async () => closeSync(fd)
    } else {
      const ended = new Promise<void>((resolve, reject) => {
        sink.once('error', reject)
        sink.once('finish', resolve)
      })
      // close() hands the failure on; without a handler before that it would end the process.
      ended.catch(() => {})
      this.#write = (chunk) => void sink.write(Buffer.from(chunk))
      this.#end = () => {
        sink.end()
        return ended
      }
    }
    const head = Buffer.alloc(16)
    head.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
    head.writeUInt16LE(1, 4)
    head.writeBigInt64LE(-1n, 8)
    this.#block(Block.section, head, [
      ...text(Option.sectionHardware, options.hardware),
      ...text(Option.sectionApplication, options.application),
    ])
  }

  /** @returns the number by which packets name this interface. */
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

  /** Keys for the packets that follow: see `espDsb`. Who has the file can decrypt them. */
  addSecrets(type: number, data: Buffer): void {
    const body = Buffer.alloc(8 + padded(data.length))
    body.writeUInt32LE(type, 0)
    body.writeUInt32LE(data.length, 4)
    data.copy(body, 8)
    this.#block(Block.secrets, body, [])
  }

  writePacket(packet: WrittenPacket): void {
    if (packet.interface >= this.#interfaces)
      throw new RangeError(`interface ${packet.interface} was not added; there are ${this.#interfaces}`)
    const { data } = packet
    const options =
      packet.comment === undefined ? undefined : writeOptions(text(Option.comment, packet.comment))
    const length = 32 + padded(data.length) + (options?.length ?? 0)
    const at = this.#reserve(length)
    const out = this.#buffer
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
  async close(): Promise<void> {
    try {
      this.#flush()
    } finally {
      await this.#end()
    }
  }

  #block(type: number, body: Buffer, options: readonly OptionValue[]): void {
    const tail = writeOptions(options)
    const length = 12 + body.length + tail.length
    const at = this.#reserve(length)
    this.#buffer.writeUInt32LE(type, at)
    this.#buffer.writeUInt32LE(length, at + 4)
    body.copy(this.#buffer, at + 8)
    tail.copy(this.#buffer, at + 8 + body.length)
    this.#buffer.writeUInt32LE(length, at + length - 4)
  }

  #reserve(length: number): number {
    if (this.#used + length > this.#buffer.length) {
      this.#flush()
      if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length)
    }
    const at = this.#used
    this.#used += length
    return at
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#used))
    this.#used = 0
  }
}

const text = (code: number, value: string | undefined): OptionValue[] =>
  value === undefined ? [] : [{ code, value: Buffer.from(value, 'utf8') }]
