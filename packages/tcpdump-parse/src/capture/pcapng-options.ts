import { Option, padded } from './pcapng-blocks.ts'

export interface OptionValue {
  readonly code: number
  readonly value: Buffer
}

/** Reads options up to their end mark, the end of the block, or the first one that does not fit into it. */
export function readOptions(options: Buffer, littleEndian: boolean): OptionValue[] {
  const found: OptionValue[] = []
  let at = 0
  while (at + 4 <= options.length) {
    const code = littleEndian ? options.readUInt16LE(at) : options.readUInt16BE(at)
    const length = littleEndian ? options.readUInt16LE(at + 2) : options.readUInt16BE(at + 2)
    if (code === Option.end || at + 4 + length > options.length) break
    found.push({ code, value: options.subarray(at + 4, at + 4 + length) })
    at += 4 + padded(length)
  }
  return found
}

/** Options as they are written, little-endian, with their end mark; nothing at all when there are none. */
export function writeOptions(options: readonly OptionValue[]): Buffer {
  if (options.length === 0) return Buffer.alloc(0)
  const parts = options.map(({ code, value }) => {
    if (value.length > 0xffff)
      throw new RangeError(`a pcapng option of ${value.length} bytes; at most 65535 fit`)
    const part = Buffer.alloc(4 + padded(value.length))
    part.writeUInt16LE(code, 0)
    part.writeUInt16LE(value.length, 2)
    value.copy(part, 4)
    return part
  })
  return Buffer.concat([...parts, Buffer.alloc(4)])
}

/** Some writers count the terminating zero into the option. */
export function textOf(value: Buffer): string {
  return value.toString('utf8').replace(/\0+$/, '')
}
