/** Our verdict on each packet of a capture with many keys against tshark's, and captures that other tools wrote. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  decode,
  decodeIp,
  EspOpener,
  type EspSa,
  LinkType,
  PcapngWriter,
  readCapture,
  sealEsp,
  wiresharkProfile,
} from '../src/index.ts'
import { ethernet, ipv4, udp } from '../src/sample-frames.ts'
import { tool } from './tools.ts'

const PACKETS = 200
const TAMPERED = 150
const ends = { source: '192.0.2.1', destination: '192.0.2.2' }
const SAS: EspSa[] = [64, 96, 128].flatMap((icvBits, i) =>
  [20, 28, 36].map((keyLength, j) => ({
    ...ends,
    spi: 0x1000 + 16 * i + j,
    algorithm: 'rfc4106(gcm(aes))' as const,
    key: randomBytes(keyLength),
    icvBits,
  })),
)

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
const path = join(directory, 'wire.pcapng')
after(() => rmSync(directory, { recursive: true }))
before(async () => {
  await writeCapture()
  mkdirSync(join(directory, 'profiles', 'lab'), { recursive: true })
  for (const [name, content] of Object.entries(wiresharkProfile(SAS)))
    writeFileSync(join(directory, 'profiles', 'lab', name), content)
})

async function writeCapture(): Promise<void> {
  const writer = new PcapngWriter(path)
  const wires = ['left', 'right'].map((name) => writer.addInterface({ name, linkType: LinkType.ethernet }))
  for (let number = 0; number < PACKETS; number++) {
    const iv = Buffer.alloc(8)
    iv.writeUInt32BE(number + 1, 4)
    // Always the same letters: of random bytes tshark takes some for a protocol, and when that one turns out malformed
    // it leaves out the ICV's verdict.
    const inner = ipv4(17, udp(40_000, 40_000, Buffer.alloc(number, 'x')))
    const esp = sealEsp(SAS[number % SAS.length]!, { sequence: number + 1, iv, nextHeader: 4, inner })
    if (number === TAMPERED) esp[40]! ^= 1
    const outer = number % 5 === 0 ? ipv4(17, udp(4500, 4500, esp), ends) : ipv4(50, esp, ends)
    writer.writePacket({
      interface: wires[number % 2]!,
      time: 1_700_000_000_000_000_000n + BigInt(number) * 1_000_001n,
      data: ethernet(0x0800, outer),
    })
  }
  await writer.close()
}

test('each packet gets the verdict, inner addresses and inner length that tshark gives it', async () => {
  const names = ['esp.spi', 'esp.sequence', 'esp.icv_good', 'ip.src', 'ip.dst', 'udp.length']
  const fields = names.flatMap((name) => ['-e', name])
  const theirs = tool(
    'tshark',
    ['-n', '-C', 'lab', '-r', path, '-T', 'fields', '-E', 'occurrence=l', ...fields],
    { WIRESHARK_CONFIG_DIR: directory },
  )
    .trimEnd()
    .split('\n')
  const opener = new EspOpener(SAS)
  let number = 0
  for await (const packet of readCapture(path)) {
    const opened = opener.open(decode(packet.data, packet.interface.linkType))
    const [spi, sequence, good, source, destination, length] = theirs[number]!.split('\t')
    assert.equal(Number(spi), opened.spi)
    assert.equal(Number(sequence), opened.sequence)
    assert.equal(opened.ok, number !== TAMPERED)
    assert.equal(good, opened.ok ? '1' : '0', `packet ${number}`)
    if (opened.ok) {
      const inner = decodeIp(opened.inner)
      assert.deepEqual(
        [source, destination, Number(length)],
        [inner.source, inner.destination, inner.udp?.length],
      )
    }
    number++
  }
  assert.equal(number, PACKETS)
})

describe('captures that other tools wrote are read the same', () => {
  for (const format of ['pcap', 'nsecpcap', 'pcapng'])
    test(format, async () => {
      const converted = join(directory, `converted.${format}`)
      tool('editcap', ['-F', format, path, converted])
      const original: { time: bigint; data: Buffer }[] = []
      for await (const { time, data } of readCapture(path)) original.push({ time, data })
      let number = 0
      for await (const { time, data } of readCapture(converted, {
        onProblem: ({ message }) => assert.fail(message),
      })) {
        const expected = original[number++]!
        assert.ok(data.equals(expected.data))
        assert.equal(time, format === 'pcap' ? (expected.time / 1000n) * 1000n : expected.time)
      }
      assert.equal(number, PACKETS)
    })
})
