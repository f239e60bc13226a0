const ALIGNMENT = 4
const HEADER_LENGTH = 16

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
    const at = this.#take(HEADER_LENGTH)
    this.#buffer.writeUInt16LE(type, at + 4)
    this.#buffer.writeUInt16LE(flags, at + 6)
    this.#buffer.writeUInt32LE(sequence, at + 8)
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
    this.#buffer.writeUInt8(value, at)
  }

  u16(value: number): void {
    const at = this.#take(2)
    this.#buffer.writeUInt16LE(value, at)
  }

  u32(value: number): void {
    const at = this.#take(4)
    this.#buffer.writeUInt32LE(value >>> 0, at)
  }

  bigU16(value: number): void {
    const at = this.#take(2)
    this.#buffer.writeUInt16BE(value, at)
  }

  bigU32(value: number): void {
    const at = this.#take(4)
    this.#buffer.writeUInt32BE(value >>> 0, at)
  }

  copy(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#buffer.set(bytes, at)
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
    const start = this.#take(4)
    this.#buffer.writeUInt16LE(type, start + 2)
    write()
    this.#buffer.writeUInt16LE(this.#length - start, start)
    this.#align()
  }

  attributeU8(type: number, value: number): void {
    this.attribute(type, () => this.u8(value))
  }

  attributeU32(type: number, value: number): void {
    this.attribute(type, () => this.u32(value))
  }

  attributeBytes(type: number, bytes: Uint8Array): void {
    this.attribute(type, () => this.copy(bytes))
  }

  /** NUL-terminated, as the kernel's NLA_NUL_STRING wants it. */
  attributeString(type: number, text: string): void {
    this.attribute(type, () => {
      this.copy(Buffer.from(text, 'utf8'))
      this.u8(0)
    })
  }

  #align(): void {
    this.zero((ALIGNMENT - (this.#length % ALIGNMENT)) % ALIGNMENT)
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
