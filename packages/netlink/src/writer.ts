import { writeAddress } from './address.ts'

const ALIGNMENT = 4

/**
 * Lays out netlink messages one after the other in one buffer that grows until it is reset. Numbers are in the byte order of the machine,
 * little-endian on every platform Node publishes Linux builds for except s390x, unless the name says `big`.
 */
export class Writer {
  readonly #capacity: number
  #buffer: Buffer
  #length = 0
  #messageStart = 0

  constructor(capacity = 4096) {
    this.#capacity = capacity
    this.#buffer = Buffer.alloc(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What has been written so far; a view that the next write may change. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  reset(): void {
    // Keys may have been written; and unused bytes between fields must be zero.
    this.#buffer.fill(0, 0, this.#length)
    if (this.#buffer.length > this.#capacity) this.#buffer = Buffer.alloc(this.#capacity)
    this.#length = 0
  }

  beginMessage(type: number, flags: number, sequence: number): void {
    this.#messageStart = this.#length
    this.u32(0)
    this.u16(type)
    this.u16(flags)
    this.u32(sequence)
    this.u32(0)
  }

  endMessage(): void {
    this.#buffer.writeUInt32LE(this.#length - this.#messageStart, this.#messageStart)
    this.#align()
  }

  /** Adds flags to the message begun last. */
  addMessageFlags(flags: number): void {
    const at = this.#messageStart + 6
    this.#buffer.writeUInt16LE(this.#buffer.readUInt16LE(at) | flags, at)
  }

  u8(value: number): void {
    const at = this.#take(1)
    this.#buffer[at] = value
  }

  u16(value: number): void {
    const at = this.#take(2)
    this.#buffer[at] = value
    this.#buffer[at + 1] = value >>> 8
  }

  u32(value: number): void {
    const at = this.#take(4)
    this.#buffer[at] = value
    this.#buffer[at + 1] = value >>> 8
    this.#buffer[at + 2] = value >>> 16
    this.#buffer[at + 3] = value >>> 24
  }

  bigU16(value: number): void {
    const at = this.#take(2)
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
  }

  bigU32(value: number): void {
    const at = this.#take(4)
    this.#buffer[at] = value >>> 24
    this.#buffer[at + 1] = value >>> 16
    this.#buffer[at + 2] = value >>> 8
    this.#buffer[at + 3] = value
  }

  copy(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    for (let index = 0; index < bytes.length; index++) this.#buffer[at + index] = bytes[index]!
  }

  /** An address in network order, and zeros up to `room` bytes. @returns how many bytes the address has. */
  address(text: string, end: number, room: number): number {
    const at = this.#take(room)
    return writeAddress(text, end, this.#buffer, at)
  }

  zero(count: number): void {
    this.#take(count)
  }

  ones(count: number): void {
    const at = this.#take(count)
    this.#buffer.fill(0xff, at, at + count)
  }

  /** An attribute whose payload `write` lays out; attributes within it are nested. */
  attribute(type: number, write: () => void): void {
    const start = this.beginAttribute(type)
    write()
    this.endAttribute(start)
  }

  /** The same for what is laid out between the two, thousands of times. @returns what endAttribute() is to be told. */
  beginAttribute(type: number): number {
    const start = this.#length
    this.u16(0)
    this.u16(type)
    return start
  }

  endAttribute(start: number): void {
    const length = this.#length - start
    this.#buffer[start] = length
    this.#buffer[start + 1] = length >>> 8
    this.#align()
  }

  attributeU8(type: number, value: number): void {
    const start = this.beginAttribute(type)
    this.u8(value)
    this.endAttribute(start)
  }

  attributeU32(type: number, value: number): void {
    this.u16(8)
    this.u16(type)
    this.u32(value)
  }

  attributeBytes(type: number, bytes: Uint8Array): void {
    const start = this.beginAttribute(type)
    this.copy(bytes)
    this.endAttribute(start)
  }

  /** NUL-terminated, as the kernel's NLA_NUL_STRING wants it. */
  attributeString(type: number, text: string): void {
    this.attribute(type, () => {
      this.copy(Buffer.from(text, 'utf8'))
      this.u8(0)
    })
  }

  #align(): void {
    const padding = -this.#length & (ALIGNMENT - 1)
    if (padding > 0) this.#take(padding)
  }

  #take(count: number): number {
    const at = this.#length
    const length = at + count
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer.fill(0)
      this.#buffer = larger
    }
    this.#length = length
    return at
  }
}
