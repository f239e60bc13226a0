/** Frames put together for the tests. Checksums of what IP carries are left zero. */
import { parseAddress } from './address.ts'
import { internetChecksum } from './checksum.ts'

const u16 = (...values: number[]): Buffer =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]))

export function ethernet(etherType: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from('020000000002020000000001', 'hex'), u16(etherType), payload])
}

interface Ipv4Fields {
  source?: string
  destination?: string
  options?: Buffer
  /** In bytes. */
  fragmentOffset?: number
  moreFragments?: boolean
  id?: number
}

export function ipv4(protocol: number, payload: Buffer, fields: Ipv4Fields = {}): Buffer {
  const options = fields.options ?? Buffer.alloc(0)
  const header = Buffer.alloc(20)
  header[0] = 0x40 | ((20 + options.length) / 4)
  header.writeUInt16BE(20 + options.length + payload.length, 2)
  header.writeUInt16BE(fields.id ?? 7, 4)
  header.writeUInt16BE((fields.fragmentOffset ?? 0) / 8 + (fields.moreFragments ? 0x2000 : 0), 6)
  header[8] = 64
  header[9] = protocol
  parseAddress(fields.source ?? '10.0.0.1').copy(header, 12)
  parseAddress(fields.destination ?? '10.0.0.2').copy(header, 16)
  const whole = Buffer.concat([header, options])
  whole.writeUInt16BE(internetChecksum(whole), 10)
  return Buffer.concat([whole, payload])
}

/** @param extensions header type and its bytes, of which the first is filled in. */
export function ipv6(protocol: number, payload: Buffer, extensions: [number, Buffer][] = []): Buffer {
  const header = Buffer.alloc(40)
  const types = [...extensions.map(([type]) => type), protocol]
  const bodies = extensions.map(([, body], i) =>
    Buffer.concat([Buffer.from([types[i + 1]!]), body.subarray(1)]),
  )
  header[0] = 0x60
  header.writeUInt16BE(payload.length + bodies.reduce((sum, { length }) => sum + length, 0), 4)
  header[6] = types[0]!
  header[7] = 64
  parseAddress('fd00::1').copy(header, 8)
  parseAddress('fd00::2').copy(header, 24)
  return Buffer.concat([header, ...bodies, payload])
}

export function udp(sourcePort: number, destinationPort: number, payload: Buffer): Buffer {
  return Buffer.concat([u16(sourcePort, destinationPort, 8 + payload.length, 0), payload])
}

export function tcp(
  payload: Buffer,
  fields: { sourcePort?: number; destinationPort?: number; sequence?: number; syn?: boolean } = {},
): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(fields.sourcePort ?? 40000, 0)
  header.writeUInt16BE(fields.destinationPort ?? 80, 2)
  header.writeUInt32BE((fields.sequence ?? 1) >>> 0, 4)
  header[12] = 0x50
  header[13] = fields.syn ? 0x02 : 0x18
  return Buffer.concat([header, payload])
}
