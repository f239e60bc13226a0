const GZIP = 0x1f8b
const ZSTD = 0x28b52ffd

export function isCompressed(head: Buffer): boolean {
  return compressionOf(head) !== undefined
}

/** What the first bytes of a file say that it is compressed with: gzip (RFC 1952) or zstd (RFC 8878). */
export function compressionOf(head: Buffer): 'gzip' | 'zstd' | undefined {
  if (head.length >= 2 && head.readUInt16BE(0) === GZIP) return 'gzip'
  return head.length >= 4 && head.readUInt32BE(0) === ZSTD ? 'zstd' : undefined
}
