/** Our reading of a capture against tshark's, and our writing of it against tshark, capinfos and tcpdump. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  decode,
  decodeIp,
  ESP_SECRETS,
  EspOpener,
  type EspSa,
  espDsb,
  LinkType,
  PcapngWriter,
  readCapture,
  sealEsp,
  wiresharkProfile,
} from 'tcpdump-parse'

const PACKETS = 200
const SAS: EspSa[] = [64, 96, 128].flatMap((icvBits, i) =>
  [20, 28, 36].map((keyLength, j) => ({
    source: '192.0.2.1',
    destination: '192.0.2.2',
    spi: 0x1000 + 16 * i + j,
    algorithm: 'rfc4106(gcm(aes))' as const,
    key: randomBytes(keyLength),
    icvBits,
  })),
)
const TAMPERED = 150

let directory: string
let path: string
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
  path = join(directory, 'wire.pcapng')
  await writeCapture()
  mkdirSync(join(directory, 'profiles', 'lab'), { recursive: true })
  for (const [name, content] of Object.entries(wiresharkProfile(SAS)))
    writeFileSync(join(directory, 'profiles', 'lab', name), content)
})
after(() => rmSync(directory, { recursive: true }))

/** Runs a tool that must be there and must have nothing to complain about. */
function tool(name: string, ...args: string[]): string {
  try {
    return execFileSync(name, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WIRESHARK_CONFIG_DIR: directory },
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      `${name} is not installed: this test compares with it (Debian packages tshark and tcpdump)`,
    )
  }
}

function ipv4(source: number[], destination: number[], protocol: number, payload: Buffer): Buffer {
  const length = 20 + payload.length
  const head = [0x45, 0, length >> 8, length & 255, 0, 1, 0, 0, 64, protocol, 0, 0, ...source, ...destination]
  return Buffer.concat([Buffer.from(head), payload])
}

function udp(port: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8)
  for (const [i, value] of [port, port, 8 + payload.length].entries()) head.writeUInt16BE(value, 2 * i)
  return Buffer.concat([head, payload])
}

async function writeCapture(): Promise<void> {
  const writer = new PcapngWriter(path, { hardware: 'none', application: 'a test' })
  const wires = ['left', 'right'].map((name) =>
    writer.addInterface({ name, description: `the ${name} wire`, linkType: LinkType.ethernet }),
  )
  writer.addSecrets(ESP_SECRETS, espDsb(SAS))
  for (let number = 0; number < PACKETS; number++) {
    const iv = Buffer.alloc(8)
    iv.writeUInt32BE(number + 1, 4)
    // Always the same letters: of random bytes tshark takes some for a protocol, and when that one turns out malformed
    // it leaves out the ICV's verdict.
    const inner = ipv4([10, 1, 1, 1], [10, 1, 2, 2], 17, udp(40_000, Buffer.alloc(number, 'x')))
    const esp = sealEsp(SAS[number % SAS.length]!, { sequence: number + 1, iv, nextHeader: 4, inner })
    if (number === TAMPERED) esp[40]! ^= 1
    const inUdp = number % 5 === 0
    const outer = ipv4([192, 0, 2, 1], [192, 0, 2, 2], inUdp ? 17 : 50, inUdp ? udp(4500, esp) : esp)
    writer.writePacket({
      interface: wires[number % 2]!,
      time: 1_700_000_000_000_000_000n + BigInt(number) * 1_000_001n,
      data: Buffer.concat([Buffer.from('0200000000020200000000010800', 'hex'), outer]),
      ...(number === 0 && { comment: 'the first ✓' }),
    })
  }
  await writer.close()
}

describe('what PcapngWriter writes', () => {
  test('capinfos reads whole', () => {
    const report = tool('capinfos', path)
    assert.match(report, new RegExp(`Number of packets: +${PACKETS}\n`))
    assert.match(report, /Number of interfaces in file: 2/)
    assert.match(report, /Number of decryption secrets in file: 1/)
    assert.match(report, /Name = right/)
  })
  test('tcpdump reads whole', () => {
    assert.equal(tool('tcpdump', '-n', '-r', path).trimEnd().split('\n').length, PACKETS)
  })
  test('tshark shows times to the nanosecond, interfaces and comments', () => {
    const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.comment'].flatMap((name) => [
      '-e',
      name,
    ])
    const rows = tool('tshark', '-n', '-r', path, '-T', 'fields', ...fields).split('\n')
    assert.equal(rows[0], '1700000000.000000000\tleft\tthe first ✓')
    assert.equal(rows[7], '1700000000.007000007\tright\t')
  })
})

test('each packet gets the verdict, inner addresses and inner length that tshark gives it', async () => {
  const names = ['esp.spi', 'esp.sequence', 'esp.icv_good', 'ip.src', 'ip.dst', 'udp.length']
  const theirs = tool(
    'tshark',
    ...['-n', '-C', 'lab', '-r', path, '-T', 'fields', '-E', 'occurrence=l'],
    ...names.flatMap((name) => ['-e', name]),
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
      tool('editcap', '-F', format, path, converted)
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
