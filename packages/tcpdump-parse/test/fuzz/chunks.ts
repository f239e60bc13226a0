import { padded } from '../../src/capture/pcapng-blocks.ts'

/** One record of a capture: a file header, a packet, or a block of pcapng. */
export interface Chunk {
  readonly bytes: Buffer
  /** Where the captured frame is in it, of a packet. */
  readonly frame?: { readonly start: number; readonly end: number }
}

/** A capture in pieces that can be moved. */
export interface Capture {
  readonly name: string
  readonly format: 'pcap' | 'pcapng'
  readonly littleEndian: boolean
  readonly chunks: readonly Chunk[]
}

const SECTION = 0x0a0d0d0a
const ENHANCED_PACKET = 6
const PCAP_HEADER = 24
const PCAP_RECORD = 16
const BLOCK_HEADER = 28

/** Takes a capture that is known to be sound apart. */
export function takeApart(name: string, bytes: Buffer): Capture {
  if (bytes.readUInt32LE(0) === SECTION) return takePcapngApart(name, bytes)
  const littleEndian = bytes[3] === 0xa1
  const chunks: Chunk[] = [{ bytes: bytes.subarray(0, PCAP_HEADER) }]
  for (let at = PCAP_HEADER; at < bytes.length; ) {
    const end = at + PCAP_RECORD + readUInt32(bytes, at + 8, littleEndian)
    chunks.push({ bytes: bytes.subarray(at, end), frame: { start: PCAP_RECORD, end: end - at } })
    at = end
  }
  return { name, format: 'pcap', littleEndian, chunks }
}

function takePcapngApart(name: string, bytes: Buffer): Capture {
  const littleEndian = bytes[8] === 0x4d
  const chunks: Chunk[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + readUInt32(bytes, at + 4, littleEndian)
    const isPacket = readUInt32(bytes, at, littleEndian) === ENHANCED_PACKET
    const captured = isPacket ? readUInt32(bytes, at + 20, littleEndian) : 0
    chunks.push({
      bytes: bytes.subarray(at, end),
      ...(isPacket && { frame: { start: BLOCK_HEADER, end: BLOCK_HEADER + captured } }),
    })
    at = end
  }
  return { name, format: 'pcapng', littleEndian, chunks }
}

/** The packet with another frame in it, and lengths that are right. */
export function withFrame({ format, littleEndian }: Capture, { bytes, frame }: Chunk, data: Buffer): Chunk {
  const { start, end } = frame!
  const padding = Buffer.alloc(format === 'pcap' ? 0 : padded(data.length) - data.length)
  const rest = format === 'pcap' ? padding : bytes.subarray(padded(end))
  const renewed = Buffer.concat([bytes.subarray(0, start), data, padding, rest])
  const lengthAt = format === 'pcap' ? 8 : 20
  writeUInt32(renewed, data.length, lengthAt, littleEndian)
  writeUInt32(renewed, data.length, lengthAt + 4, littleEndian)
  if (format === 'pcapng') closeBlock(renewed, littleEndian)
  return { bytes: renewed, frame: { start, end: start + data.length } }
}

/** The block with another body, and lengths that are right. */
export function withBody(bytes: Buffer, body: Buffer, littleEndian: boolean): Chunk {
  const padding = Buffer.alloc(padded(body.length) - body.length)
  const renewed = Buffer.concat([bytes.subarray(0, 8), body, padding, Buffer.alloc(4)])
  closeBlock(renewed, littleEndian)
  return { bytes: renewed }
}

function closeBlock(block: Buffer, littleEndian: boolean): void {
  writeUInt32(block, block.length, 4, littleEndian)
  writeUInt32(block, block.length, block.length - 4, littleEndian)
}

function readUInt32(bytes: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}

function writeUInt32(bytes: Buffer, value: number, at: number, littleEndian: boolean): void {
  if (littleEndian) bytes.writeUInt32LE(value, at)
  else bytes.writeUInt32BE(value, at)
}
