/** One netlink message as received. */
export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Of the socket that asked for it, or that did what it tells of; 0 for the kernel itself. */
  readonly port: number
  readonly payload: Buffer
}

/** Attributes by type; of a type that occurs twice the last, as the kernel itself reads them. */
export type Attributes = ReadonlyMap<number, Buffer>

const HEADER_LENGTH = 16
const ATTRIBUTE_HEADER_LENGTH = 4
/** Of an attribute's type: NLA_F_NESTED and NLA_F_NET_BYTEORDER are flags above it. */
const TYPE_MASK = 0x3fff

const align = (length: number) => (length + 3) & ~3

/** Splits what one receive returned into messages. @throws Error when a length field contradicts the data. */
export function readMessages(data: Buffer): Message[] {
  const messages: Message[] = []
  for (let at = 0; at < data.length; ) {
    const length = data.length - at >= HEADER_LENGTH ? data.readUInt32LE(at) : 0
    if (length < HEADER_LENGTH || at + length > data.length)
      throw new Error(`netlink message at byte ${at} of ${data.length} claims a length of ${length}`)
    messages.push({
      type: data.readUInt16LE(at + 4),
      flags: data.readUInt16LE(at + 6),
      sequence: data.readUInt32LE(at + 8),
      port: data.readUInt32LE(at + 12),
      payload: data.subarray(at + HEADER_LENGTH, at + length),
    })
    at += align(length)
  }
  return messages
}

/** Reads the attributes that fill `data`. @throws Error when a length field contradicts the data. */
export function readAttributes(data: Buffer): Attributes {
  const attributes = new Map<number, Buffer>()
  // Fewer bytes than a header at the end are padding.
  for (let at = 0; data.length - at >= ATTRIBUTE_HEADER_LENGTH; ) {
    const length = data.readUInt16LE(at)
    if (length < ATTRIBUTE_HEADER_LENGTH || at + length > data.length)
      throw new Error(`netlink attribute at byte ${at} of ${data.length} claims a length of ${length}`)
    attributes.set(
      data.readUInt16LE(at + 2) & TYPE_MASK,
      data.subarray(at + ATTRIBUTE_HEADER_LENGTH, at + length),
    )
    at += align(length)
  }
  return attributes
}

/** Text up to its terminating NUL, or to the end without one. */
export function readString(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}
