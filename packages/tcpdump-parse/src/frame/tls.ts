import type { TlsRecord } from './headers.ts'

const HEADER = 5
const FIRST_TYPE = 20
const LAST_TYPE = 24
/** TLS 1.2's largest ciphertext (RFC 5246 section 6.2.3). */
const LONGEST = 16384 + 2048

/** The record headers that begin in a segment's payload, as far as one follows the other; none when it begins otherwise. */
export function tlsRecords(payload: Buffer): TlsRecord[] {
  const records: TlsRecord[] = []
  for (let offset = 0; offset + HEADER <= payload.length; ) {
    const type = payload[offset]!
    const version = payload.readUInt16BE(offset + 1)
    const length = payload.readUInt16BE(offset + 3)
    const isRecord =
      type >= FIRST_TYPE && type <= LAST_TYPE && version >= 0x0300 && version <= 0x0304 && length <= LONGEST
    if (!isRecord) break
    const next = offset + HEADER + length
    records.push({ type, version, length, offset, whole: next <= payload.length })
    offset = next
  }
  return records
}
