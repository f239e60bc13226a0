import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CanaryFinder } from './canary/finder.ts'
import { readCapture } from './capture/read.ts'
import { EspOpener } from './esp/opener.ts'
import type { EspSa } from './esp/sa.ts'
import { sealEsp } from './esp/seal.ts'
import { decode, type Frame } from './frame/frame.ts'
import { CaptureError, type Problem } from './problem.ts'
import { interfaceBlock, option, packetBlock, pcap, section } from './sample-captures.ts'
import { ethernet, ipv4, ipv6, tcp, udp } from './sample-frames.ts'
import { StreamAssembler } from './stream/assembler.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
})
after(() => rmSync(directory, { recursive: true }))

const SA: EspSa = {
  source: '10.0.0.1',
  destination: '10.0.0.2',
  spi: 7,
  algorithm: 'rfc4106(gcm(aes))',
  key: Buffer.alloc(20, 1),
  icvBits: 128,
}
const opener = new EspOpener([SA])
const finder = new CanaryFinder(['CANARY-fuzz'])

/** A generator of chance that gives the same numbers each time, so that a failure can be repeated (mulberry32). */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function mutated(original: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(original)
  const times = 1 + Math.floor(random() * 8)
  for (let i = 0; i < times; i++) {
    const at = Math.floor(random() * bytes.length)
    bytes[at] =
      random() < 0.5 ? Math.floor(random() * 256) : [0, 1, 0x7f, 0x80, 0xff][Math.floor(random() * 5)]!
  }
  return random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
}

const esp = sealEsp(SA, {
  sequence: 1,
  iv: Buffer.alloc(8),
  nextHeader: 4,
  inner: ipv4(6, tcp(Buffer.from('x'))),
})
const vxlan = Buffer.concat([
  Buffer.from('0800000000002a00', 'hex'),
  ethernet(0x0800, ipv4(6, tcp(Buffer.from('y')))),
])
const FRAMES = [
  ethernet(0x0800, ipv4(50, esp)),
  ethernet(0x0800, ipv4(17, udp(4500, 4500, esp))),
  ethernet(0x0800, ipv4(17, udp(1, 4789, vxlan))),
  ethernet(0x0800, ipv4(4, ipv4(6, tcp(Buffer.from('CANARY-fuzz')), { options: Buffer.alloc(8, 1) }))),
  ethernet(
    0x86dd,
    ipv6(6, tcp(Buffer.from('z')), [
      [0, Buffer.alloc(8)],
      [44, Buffer.alloc(8)],
      [51, Buffer.alloc(8)],
    ]),
  ),
  ethernet(
    0x8100,
    Buffer.concat([Buffer.from('00070806', 'hex'), Buffer.from('0001080006040001', 'hex'), Buffer.alloc(20)]),
  ),
]

/** Everything a frame can be asked for. */
function exercise(frame: Frame, assembler: StreamAssembler, depth = 0): void {
  const { problem, data } = frame
  if (problem) assert.ok(problem.offset >= 0 && problem.offset <= data.length && problem.message.length > 0)
  const { ethernet, vlan, arp, ipv4, ipv6, tcp, udp, icmp, esp, fragment, payload, ip, source, destination } =
    frame
  assert.ok(payload.length <= data.length)
  void [ethernet, vlan, arp, ipv4, ipv6, tcp, udp, icmp, esp, fragment, ip, source, destination]
  opener.open(frame)
  assembler.add(frame, 0n)
  finder.search(data)
  if (frame.inner && depth < 10) exercise(frame.inner, assembler, depth + 1)
}

test('20,000 mutated frames of every link type raise nothing', () => {
  const random = chance(1)
  const assembler = new StreamAssembler()
  const linkTypes = [0, 1, 1, 1, 1, 12, 101, 108, 113, 276, 228, 229, 147]
  for (let i = 0; i < 20_000; i++)
    exercise(decode(mutated(FRAMES[i % FRAMES.length]!, random), linkTypes[i % linkTypes.length]!), assembler)
  for (const { bytes, offset } of assembler.streams()) assert.ok(bytes.length > 0 && offset >= 0)
})

test('4,000 mutated captures give packets, problems or a CaptureError, and nothing else', async () => {
  const captures = [true, false].flatMap((littleEndian) => [
    pcap(
      littleEndian,
      littleEndian,
      FRAMES.map((data, seconds) => ({ seconds, fraction: 1, data })),
    ),
    Buffer.concat([
      section(littleEndian),
      interfaceBlock(
        littleEndian,
        1,
        option(littleEndian, 2, Buffer.from('a')),
        option(littleEndian, 9, Buffer.from([9])),
      ),
      ...FRAMES.map((data, i) =>
        packetBlock(
          littleEndian,
          { interface: 0, time: BigInt(i), data },
          option(littleEndian, 1, Buffer.from('b')),
        ),
      ),
    ]),
  ])
  const random = chance(2)
  const path = join(directory, 'mutated')
  let [packets, problems, refused] = [0, 0, 0]
  for (let i = 0; i < 4000; i++) {
    writeFileSync(path, mutated(captures[i % captures.length]!, random))
    const onProblem = ({ offset }: Problem): void => {
      assert.ok(offset >= 0)
      problems++
    }
    try {
      for await (const { data, interface: from, time, comments } of readCapture(path, { onProblem })) {
        assert.ok(typeof time === 'bigint' && Array.isArray(comments))
        decode(data, from.linkType)
        packets++
      }
    } catch (error) {
      assert.ok(error instanceof CaptureError, `capture ${i}: ${error}`)
      refused++
    }
  }
  // The mutations must have reached each of the outcomes, or this test shows nothing.
  assert.ok(packets > 1000 && problems > 100 && refused > 10, `${packets} ${problems} ${refused}`)
})
