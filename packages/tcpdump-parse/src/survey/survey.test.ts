import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { PcapWriter } from '../capture/pcap-writer.ts'
import { PcapngWriter } from '../capture/pcapng-writer.ts'
import { type EspSa, SaError } from '../esp/sa.ts'
import { sealEsp } from '../esp/seal.ts'
import { LinkType } from '../link-type.ts'
import { CaptureError } from '../problem.ts'
import { ethernet, ipv4, tcp } from '../sample-frames.ts'
import { revivedError } from './revived-error.ts'
import { surveyCapture } from './survey.ts'

const SA: EspSa = {
  source: '10.0.0.1',
  destination: '10.0.0.2',
  spi: 7,
  algorithm: 'rfc4106(gcm(aes))',
  key: Buffer.alloc(20, 1),
  icvBits: 128,
}
const TOKEN = 'CANARY-of-the-survey'
const PACKETS = 3000

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
})
after(() => rmSync(directory, { recursive: true }))

/** Of 50 packets one has an unknown SPI; of 100 one a wrong ICV; of 300 one the token, every other one in clear. */
function packet(number: number): Buffer {
  const text = number % 300 === 7 ? TOKEN : ''
  const inner = ipv4(6, tcp(Buffer.concat([Buffer.alloc(number % 1400), Buffer.from(text)])))
  if (number % 600 === 7) return inner
  const iv = Buffer.alloc(8)
  iv.writeUInt32BE(number, 4)
  const spi = number % 50 === 0 ? 8 : 7
  const esp = sealEsp({ ...SA, spi }, { sequence: number, iv, nextHeader: 4, inner })
  if (number % 100 === 1) esp[40]! ^= 1
  return ipv4(50, esp)
}

async function writePcapng(path: string): Promise<void> {
  const writer = new PcapngWriter(path)
  let wires = [1, 2].map(() => writer.addInterface({ linkType: LinkType.raw }))
  for (let number = 1; number <= PACKETS; number++) {
    // Each section, and each interface within one, changes how what comes after it is to be read.
    if (number % 700 === 0) {
      writer.addSection()
      wires = [writer.addInterface({ linkType: LinkType.ethernet })]
    }
    if (number % 700 === 350) wires = [writer.addInterface({ linkType: LinkType.raw })]
    const isEthernet = number >= 700 && number % 700 < 350
    const data = isEthernet ? ethernet(0x0800, packet(number)) : packet(number)
    writer.writePacket({ interface: wires[number % wires.length]!, time: 0n, data })
  }
  await writer.close()
}

async function writePcap(path: string): Promise<void> {
  const writer = new PcapWriter(path, { linkType: LinkType.raw })
  for (let number = 1; number <= PACKETS; number++) writer.writePacket({ time: 0n, data: packet(number) })
  await writer.close()
}

describe('the same is found', () => {
  const expected = {
    packets: PACKETS,
    esp: PACKETS - 5,
    opened: PACKETS - 5 - 60 - 30,
    innerIp: PACKETS - 5 - 60 - 30,
    failed: { 'no-sa': 60, 'bad-icv': 30, malformed: 0, 'bad-padding': 0 },
    sightings: { frame: 5, plaintext: 5 },
    problems: [],
  }
  const places = [7, 307, 607, 907, 1207, 1507, 1807, 2107, 2407, 2707]

  for (const [format, write] of [
    ['pcapng', writePcapng],
    ['pcap', writePcap],
  ] as const)
    for (const threads of [1, 2, 3])
      for (const engine of ['auto', 'portable'] as const)
        test(`in ${format} on ${threads} threads with the ${engine} engine`, async () => {
          const path = join(directory, `a.${format}`)
          await write(path)
          const {
            first,
            bytes,
            engine: used,
            ...counts
          } = await surveyCapture(path, {
            sas: [SA],
            tokens: [TOKEN],
            threads,
            engine,
          })
          assert.deepEqual(counts, expected)
          assert.deepEqual(
            first.map((sighting) => sighting.packet),
            places,
          )
          assert.deepEqual(
            first.map(({ where }) => where),
            places.map((number) => (number % 600 === 7 ? 'frame' : 'plaintext')),
          )
          assert.ok(bytes > 1_000_000)
          assert.match(used, engine === 'portable' ? /^node:crypto$/ : /^GnuTLS .*, checked by node:crypto$/)
        })

  test('in a compressed file, on one thread whatever is asked for', async () => {
    const path = join(directory, 'b.pcapng')
    await writePcapng(path)
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
    const { opened, first } = await surveyCapture(`${path}.gz`, { sas: [SA], tokens: [TOKEN], threads: 2 })
    assert.equal(opened, expected.opened)
    assert.deepEqual(
      first.map((sighting) => sighting.packet),
      places,
    )
  })
})

test('records longer than the window, and a capture that was cut off', async () => {
  const path = join(directory, 'long.pcap')
  const writer = new PcapWriter(path, { linkType: LinkType.raw })
  for (const size of [100, 3_000_000, 100, 400_000, 100])
    writer.writePacket({ time: 0n, data: Buffer.concat([Buffer.from(TOKEN), Buffer.alloc(size)]) })
  // Many small ones behind a large window.
  for (let i = 0; i < 100_000; i++) writer.writePacket({ time: 0n, data: Buffer.from('x') })
  await writer.close()
  for (const threads of [1, 2]) {
    const whole = await surveyCapture(path, { tokens: [TOKEN], threads })
    assert.deepEqual([whole.packets, whole.sightings.frame, whole.problems], [100_005, 5, []])
  }
  truncateSync(path, readFileSync(path).length - 1)
  for (const threads of [1, 2]) {
    const { packets, problems } = await surveyCapture(path, { threads })
    assert.equal(packets, 100_004)
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['truncated'],
    )
  }
})

test('more sections than threads can share are read by one', async () => {
  const path = join(directory, 'sections.pcapng')
  const writer = new PcapngWriter(path)
  for (let section = 0; section < 3000; section++) {
    if (section > 0) writer.addSection()
    const wire = writer.addInterface({ linkType: LinkType.raw })
    writer.writePacket({ interface: wire, time: 0n, data: packet(7) })
  }
  await writer.close()
  for (const threads of [1, 2]) {
    const { packets, sightings, problems } = await surveyCapture(path, { tokens: [TOKEN], threads })
    assert.deepEqual([packets, sightings.frame, problems], [3000, 3000, []])
  }
})

describe('what cannot be done fails the same way on several threads', () => {
  test('a file that is not there', async () => {
    await assert.rejects(surveyCapture(join(directory, 'none'), { threads: 2 }), { code: 'ENOENT' })
  })
  test('a file that is no capture', async () => {
    const path = join(directory, 'text')
    writeFileSync(path, 'no capture')
    for (const threads of [1, 2]) await assert.rejects(surveyCapture(path, { threads }), { code: 'ECAPTURE' })
  })
  test('an error of another thread is of its own type', async () => {
    const path = join(directory, 'text')
    writeFileSync(path, 'no capture')
    for (const [workerData, type] of [
      [{ path, sas: [], tokens: [], fast: false }, CaptureError],
      [{ path, sas: [{ ...SA, icvBits: 1 }], tokens: [], fast: false }, SaError],
    ] as const) {
      const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData })
      const [error] = await once(worker, 'message').then(
        () => [],
        (thrown: unknown) => [revivedError(thrown)],
      )
      assert.ok(error instanceof type)
      assert.match(error.message, /no capture|starts with|an ICV has/)
    }
  })
  test('an SA that cannot be used', async () => {
    const path = join(directory, 'c.pcap')
    await writePcap(path)
    const sas = [{ ...SA, icvBits: 1 }]
    for (const threads of [1, 2]) await assert.rejects(surveyCapture(path, { sas, threads }), { code: 'ESA' })
  })
  test('a survey that is given up', async () => {
    const path = join(directory, 'd.pcap')
    await writePcap(path)
    const abort = new AbortController()
    const surveying = surveyCapture(path, { sas: [SA], threads: 2, signal: abort.signal })
    abort.abort()
    await assert.rejects(surveying, { name: 'AbortError' })
  })
})
