/** Capture files put together for the tests, byte by byte and in either byte order. */

type Field = readonly [size: 1 | 2 | 4, value: number]

/** Numbers in one byte order. */
export function packed(littleEndian: boolean, fields: readonly Field[]): Buffer {
  const out = Buffer.alloc(fields.reduce((sum, [size]) => sum + size, 0))
  let at = 0
  for (const [size, value] of fields) {
    if (littleEndian) out.writeUIntLE(value, at, size)
    else out.writeUIntBE(value, at, size)
    at += size
  }
  return out
}

export function pcap(
  littleEndian: boolean,
  nanoseconds: boolean,
  packets: readonly { seconds: number; fraction: number; data: Buffer; length?: number }[],
): Buffer {
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4
  const head: Field[] = [
    [4, magic],
    [2, 2],
    [2, 4],
    [4, 0],
    [4, 0],
    [4, 65535],
    [4, 1],
  ]
  return Buffer.concat([
    packed(littleEndian, head),
    ...packets.flatMap(({ seconds, fraction, data, length }) => [
      packed(littleEndian, [
        [4, seconds],
        [4, fraction],
        [4, data.length],
        [4, length ?? data.length],
      ]),
      data,
    ]),
  ])
}

/** One pcapng block around a body, which is padded. */
export function block(littleEndian: boolean, type: number, body: Buffer): Buffer {
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4)
  const length = 12 + body.length + padding.length
  const edge = packed(littleEndian, [[4, length]])
  return Buffer.concat([packed(littleEndian, [[4, type]]), edge, body, padding, edge])
}

export function section(littleEndian: boolean): Buffer {
  const unknownLength: Field[] = [
    [4, 0xffffffff],
    [4, 0xffffffff],
  ]
  return block(
    littleEndian,
    0x0a0d0d0a,
    packed(littleEndian, [[4, 0x1a2b3c4d], [2, 1], [2, 0], ...unknownLength]),
  )
}

export function option(littleEndian: boolean, code: number, value: Buffer): Buffer {
  return Buffer.concat([
    packed(littleEndian, [
      [2, code],
      [2, value.length],
    ]),
    value,
    Buffer.alloc((4 - (value.length % 4)) % 4),
  ])
}

export function interfaceBlock(littleEndian: boolean, linkType: number, ...options: Buffer[]): Buffer {
  const head = packed(littleEndian, [
    [2, linkType],
    [2, 0],
    [4, 0],
  ])
  return block(littleEndian, 1, Buffer.concat([head, ...options]))
}

export function packetBlock(
  littleEndian: boolean,
  fields: { interface: number; time: bigint; data: Buffer; captured?: number },
  ...options: Buffer[]
): Buffer {
  const { interface: number, time, data } = fields
  const head = packed(littleEndian, [
    [4, number],
    [4, Number(time >> 32n)],
    [4, Number(time & 0xffffffffn)],
    [4, fields.captured ?? data.length],
    [4, data.length],
  ])
  const padding = Buffer.alloc((4 - (data.length % 4)) % 4)
  return block(littleEndian, 6, Buffer.concat([head, data, padding, ...options]))
}
