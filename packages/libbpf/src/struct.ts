import { addressOf } from '@wireproof/ffi'

/** A struct libbpf takes by pointer: its first field is its own size, by which libbpf knows the caller's version of it. */
export function sizedStruct(size: number): Buffer {
  const struct = Buffer.alloc(size)
  struct.writeBigUInt64LE(BigInt(size), 0)
  return struct
}

/** Writes a pointer field. The caller keeps `target` referenced until the call returns. */
export function writePointer(struct: Buffer, offset: number, target: Uint8Array): void {
  struct.writeBigUInt64LE(addressOf(target), offset)
}
