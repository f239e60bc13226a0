import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { CaptureError, type Problem } from '../problem.ts'
import { block, interfaceBlock, option, packed, packetBlock, pcap, section } from '../sample-captures.ts'
import type { Packet } from './packet.ts'
import { readBatches, readCapture } from './read.ts'
import type { CaptureSource } from './source.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
})
after(() => rmSync(directory, { recursive: true }))

async function read(bytes: Buffer): Promise<{ packets: Packet[]; problems: Problem[] }> {
  const path = join(directory, 'capture')
  writeFileSync(path, bytes)
  const problems: Problem[] = []
  const packets: Packet[] = []
  for await (const packet of readCapture(path, { onProblem: (problem) => problems.push(problem) }))
    packets.push(packet)
  return { packets, problems }
}

const DATA = Buffer.from('a frame of odd length')

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian'
  for (const nanoseconds of [false, true])
    test(`reads ${order} pcap in ${nanoseconds ? 'nano' : 'micro'}seconds`, async () => {
      const file = pcap(littleEndian, nanoseconds, [
        { seconds: 1_700_000_000, fraction: 123_456, data: DATA, length: 1500 },
        { seconds: 0xffffffff, fraction: 1, data: Buffer.alloc(0) },
      ])
      const { packets, problems } = await read(file)
      assert.deepEqual(problems, [])
      assert.equal(packets.length, 2)
      assert.equal(packets[0]!.time, 1_700_000_000_000_000_000n + 123_456n * (nanoseconds ? 1n : 1000n))
      assert.deepEqual(packets[0]!.data, DATA)
      assert.equal(packets[0]!.length, 1500)
      assert.deepEqual(packets[0]!.interface, { linkType: 1 })
      assert.equal(packets[1]!.time / 1_000_000_000n, 0xffffffffn)
    })

  test(`reads ${order} pcapng with several interfaces, resolutions, names and comments`, async () => {
    const offset = Buffer.alloc(8)
    if (littleEndian) offset.writeBigInt64LE(-5n)
    else offset.writeBigInt64BE(-5n)
    const { packets, problems } = await read(
      Buffer.concat([
        section(littleEndian),
        interfaceBlock(littleEndian, 1, option(littleEndian, 2, Buffer.from('wire'))),
        interfaceBlock(
          littleEndian,
          101,
          option(littleEndian, 9, Buffer.from([9])),
          option(littleEndian, 14, offset),
        ),
        interfaceBlock(littleEndian, 276, option(littleEndian, 9, Buffer.from([0x80 | 20]))),
        packetBlock(littleEndian, { interface: 0, time: 1_700_000_000_000_001n, data: DATA }),
        packetBlock(
          littleEndian,
          { interface: 1, time: 1_700_000_000_000_000_001n, data: DATA },
          option(littleEndian, 1, Buffer.from('first')),
          option(littleEndian, 2, Buffer.alloc(4)),
          option(littleEndian, 1, Buffer.from('zweiter ✓')),
          option(littleEndian, 0, Buffer.alloc(0)),
        ),
        block(littleEndian, 0x0bad0bad, Buffer.from('an unknown block')),
        packetBlock(littleEndian, { interface: 2, time: 3n << 19n, data: DATA }),
      ]),
    )
    assert.deepEqual(problems, [])
    assert.deepEqual(
      packets.map(({ interface: from, time, comments }) => ({ from, time, comments })),
      [
        { from: { name: 'wire', linkType: 1 }, time: 1_700_000_000_000_001_000n, comments: [] },
        { from: { linkType: 101 }, time: 1_699_999_995_000_000_001n, comments: ['first', 'zweiter ✓'] },
        { from: { linkType: 276 }, time: 1_500_000_000n, comments: [] },
      ],
    )
    for (const packet of packets) assert.deepEqual(packet.data, DATA)
  })
}

test('a new section starts its interfaces afresh and may change the byte order', async () => {
  const { packets, problems } = await read(
    Buffer.concat([
      section(true),
      interfaceBlock(true, 1, option(true, 2, Buffer.from('old'))),
      packetBlock(true, { interface: 0, time: 0n, data: DATA }),
      section(false),
      interfaceBlock(false, 101, option(false, 2, Buffer.from('new'))),
      packetBlock(false, { interface: 0, time: 0n, data: DATA }),
    ]),
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(
    packets.map((packet) => packet.interface.name),
    ['old', 'new'],
  )
})

test('a simple packet belongs to the first interface', async () => {
  const body = Buffer.concat([packed(true, [[4, DATA.length]]), DATA])
  const { packets } = await read(
    Buffer.concat([section(true), interfaceBlock(true, 1), block(true, 3, body)]),
  )
  assert.deepEqual(packets[0]?.data, DATA)
})

describe('what is broken is reported with its offset, and what is whole is still read', () => {
  test('a record cut off by the end of the file', async () => {
    const file = pcap(true, false, [
      { seconds: 1, fraction: 0, data: DATA },
      { seconds: 2, fraction: 0, data: DATA },
    ])
    for (let cut = 1; cut < 16 + DATA.length; cut++) {
      const { packets, problems } = await read(file.subarray(0, file.length - cut))
      assert.equal(packets.length, 1)
      assert.deepEqual(
        problems.map(({ code, offset }) => ({ code, offset })),
        [{ code: 'truncated', offset: 24 + 16 + DATA.length }],
      )
    }
  })

  test('a pcap record of an absurd length', async () => {
    const file = pcap(true, false, [
      { seconds: 1, fraction: 0, data: DATA },
      { seconds: 2, fraction: 0, data: DATA },
    ])
    file.writeUInt32LE(0x7fffffff, 24 + 16 + DATA.length + 8)
    const { packets, problems } = await read(file)
    assert.equal(packets.length, 1)
    assert.equal(problems[0]?.code, 'bad-length')
    assert.equal(problems[0]?.offset, 24 + 16 + DATA.length + 8)
  })

  test('a packet of an interface that was never described', async () => {
    const head = Buffer.concat([section(true), interfaceBlock(true, 1)])
    const { packets, problems } = await read(
      Buffer.concat([
        head,
        packetBlock(true, { interface: 4, time: 0n, data: DATA }),
        packetBlock(true, { interface: 0, time: 0n, data: DATA }),
      ]),
    )
    assert.equal(packets.length, 1)
    assert.deepEqual(
      problems.map(({ code, offset }) => ({ code, offset })),
      [{ code: 'no-interface', offset: head.length + 8 }],
    )
  })

  test('a packet longer than its block', async () => {
    const { packets, problems } = await read(
      Buffer.concat([
        section(true),
        interfaceBlock(true, 1),
        packetBlock(true, { interface: 0, time: 0n, data: DATA, captured: 500 }),
        packetBlock(true, { interface: 0, time: 0n, data: DATA }),
      ]),
    )
    assert.equal(packets.length, 1)
    assert.equal(problems[0]?.code, 'bad-length')
  })

  test('a block whose two lengths differ', async () => {
    const good = Buffer.concat([section(true), interfaceBlock(true, 1)])
    const bad = packetBlock(true, { interface: 0, time: 0n, data: DATA })
    bad.writeUInt32LE(4, bad.length - 4)
    const { packets, problems } = await read(Buffer.concat([good, bad]))
    assert.equal(packets.length, 0)
    assert.equal(problems[0]?.offset, good.length + bad.length - 4)
  })
})

test('what is no capture throws a CaptureError', async () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.from('<!doctype html>'),
    section(true).fill(0, 8, 12),
  ])
    await assert.rejects(
      read(bytes),
      (error) =>
        error instanceof CaptureError && error.code === 'ECAPTURE' && typeof error.offset === 'number',
    )
  await assert.rejects(read(pcap(true, false, []).fill(9, 4, 6)), CaptureError)
})

test('a capture larger than the window is read whole, with and without reusing it', async () => {
  const large = Buffer.alloc(3_000_000, 7)
  const packets = Array.from({ length: 5000 }, (_, i) => ({
    seconds: i,
    fraction: 0,
    data: i === 2500 ? large : Buffer.from(`packet ${i} `.repeat(100)),
  }))
  const path = join(directory, 'large')
  writeFileSync(path, pcap(true, false, packets))
  for (const reuse of [false, true]) {
    let number = 0
    for await (const batch of readBatches(path, { reuse }))
      for (const { data } of batch) assert.ok(data.equals(packets[number++]!.data))
    assert.equal(number, packets.length)
  }
})

test('a pipe is read as it fills, byte by byte', async () => {
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  const file = pcap(
    false,
    true,
    [1, 2, 3].map((seconds) => ({ seconds, fraction: 0, data: DATA })),
  )
  const writing = (async () => {
    const pipe = await open(path, 'w')
    for (const byte of file) {
      await pipe.write(Buffer.from([byte]))
      await setImmediate()
    }
    await pipe.close()
  })()
  const seconds: bigint[] = []
  for await (const { time, data } of readCapture(path, {
    onProblem: ({ message }) => assert.fail(message),
  })) {
    assert.deepEqual(data, DATA)
    seconds.push(time / 1_000_000_000n)
  }
  await writing
  assert.deepEqual(seconds, [1n, 2n, 3n])
})

describe('whatever gives bytes is a source', () => {
  const file = pcap(
    true,
    true,
    Array.from({ length: 5000 }, (_, seconds) => ({ seconds, fraction: 0, data: DATA })),
  )
  const count = async (source: CaptureSource): Promise<[number, Problem[]]> => {
    const problems: Problem[] = []
    let number = 0
    for await (const { data, time } of readCapture(source, {
      onProblem: (problem) => problems.push(problem),
    })) {
      assert.ok(data.equals(DATA))
      assert.equal(time, BigInt(number++) * 1_000_000_000n)
    }
    return [number, problems]
  }
  const inPieces = (bytes: Buffer, size: number): Buffer[] =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

  for (const [name, compressed] of [
    ['as it is', file],
    ['gzip', gzipSync(file)],
    ['zstd', zstdCompressSync(file)],
  ] as const) {
    test(`a file, ${name}`, async () => {
      const path = join(directory, 'source')
      writeFileSync(path, compressed)
      assert.deepEqual(await count(path), [5000, []])
      assert.deepEqual(await count(pathToFileURL(path)), [5000, []])
    })
    for (const size of [1000, 100_000])
      test(`a stream in pieces of ${size} bytes, ${name}`, async () => {
        assert.deepEqual(await count(Readable.from(inPieces(compressed, size))), [5000, []])
        assert.deepEqual(await count(new Blob([compressed]).stream()), [5000, []])
      })
  }

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)
    test(`one that is cut off in the middle, ${name}`, async () => {
      const noise = pcap(true, true, [
        ...Array.from({ length: 3000 }, (_, seconds) => ({ seconds, fraction: 0, data: DATA })),
        { seconds: 0, fraction: 0, data: randomBytes(500_000) },
      ])
      const [number, problems] = await count(Readable.from([compress(noise).subarray(0, -200_000)]))
      assert.equal(number, 3000)
      // Zstandard's own complaint comes first.
      assert.equal(problems.at(-1)?.code, 'truncated')
      const none = compress(file).subarray(0, 9)
      // Not every Node has Zstandard complain of an end that comes too soon.
      const reason = /the content of the stream (is empty|can be decompressed: unexpected end of file)$/
      await assert.rejects(count(Readable.from([none])), reason)
    })

  test('a small gzip file with a wrong checksum gives all that is in it, in whatever pieces it comes', async () => {
    const compressed = gzipSync(file.subarray(0, 24 + 50 * (16 + DATA.length)))
    compressed[compressed.length - 6]! ^= 1
    for (const size of [1, 10, 1000]) {
      const [number, problems] = await count(Readable.from(inPieces(compressed, size)))
      assert.equal(number, 50)
      assert.deepEqual(
        problems.map(({ code }) => code),
        ['damaged'],
      )
    }
    compressed[2] = 9
    await assert.rejects(
      count(Readable.from([compressed])),
      /can be decompressed: unknown compression method/,
    )
  })

  test('compressed data with a fault in it gives what comes before', async () => {
    const compressed = gzipSync(Buffer.concat([file, randomBytes(500_000)]))
    compressed.fill(0xff, 300_000, 300_100)
    const problems: Problem[] = []
    let number = 0
    for await (const _ of readCapture(Readable.from([compressed]), { onProblem: (p) => problems.push(p) }))
      number++
    assert.ok(number > 1000)
    assert.ok(problems.length > 0)
  })

  test('a source that never answers is given up when the signal aborts', async () => {
    const abort = new AbortController()
    const silent = new ReadableStream<Uint8Array>({ start: (to) => to.enqueue(file.subarray(0, 100)) })
    setTimeout(() => abort.abort(), 50)
    await assert.rejects(
      async () => {
        for await (const _ of readCapture(silent, { signal: abort.signal }));
      },
      { name: 'AbortError' },
    )
  })

  test('a failure of the source is the reader’s', async () => {
    const failing = async function* () {
      yield file.subarray(0, 100)
      throw new Error('the cable was pulled')
    }
    await assert.rejects(count(failing()), /the cable was pulled/)
  })

  test('a directory is none', async () => {
    await assert.rejects(count(directory), { code: 'ECAPTURE', message: `${directory} is a directory` })
  })
})

test('an aborted read stops', async () => {
  const path = join(directory, 'aborted')
  writeFileSync(path, pcap(true, false, [{ seconds: 1, fraction: 0, data: DATA }]))
  await assert.rejects(readCapture(path, { signal: AbortSignal.abort() }).next(), { name: 'AbortError' })
})
