/** What our writers write, opened by the tools that everyone has: without a complaint, and with what was written. */
import assert from 'node:assert/strict'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, describe, test } from 'node:test'
import { createGzip } from 'node:zlib'
import { ESP_SECRETS, espDsb, LinkType, PcapngWriter, PcapWriter } from '../src/index.ts'
import { ethernet, ipv4, udp } from '../src/sample-frames.ts'
import { espSuites } from './esp-suites.ts'
import { blockFieldsOf, fieldsOf, tool } from './tools.ts'

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
after(() => rmSync(directory, { recursive: true }))

const START = 1_700_000_000_123_456_789n
const TLS_KEY_LOG = 0x544c534b
const frame = (text: string): Buffer => ethernet(0x0800, ipv4(17, udp(1000, 2000, Buffer.from(text))))

/** How many packets each of the three sees, of which all must be of one mind. */
function packetsIn(path: string): number {
  const [, counted] = /^Number of packets: +(\d+)$/m.exec(tool('capinfos', ['-c', '-M', path]))!
  assert.equal(fieldsOf(path, 'frame.number').length, Number(counted))
  assert.equal(tool('tcpdump', ['-n', '-r', path]).split('\n').length - 1, Number(counted))
  return Number(counted)
}

async function everything(path: string): Promise<void> {
  const writer = new PcapngWriter(path, {
    hardware: 'a machine',
    system: 'Linux 6.12',
    application: 'a test',
    comment: 'the first section',
  })
  writer.addSecrets(ESP_SECRETS, espDsb(espSuites.map(({ sa }) => sa)))
  writer.addSecrets(TLS_KEY_LOG, Buffer.from(`CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}\n`))
  const left = writer.addInterface({
    name: 'left',
    description: 'the left wire',
    linkType: LinkType.ethernet,
  })
  const right = writer.addInterface({ name: 'right', linkType: LinkType.ethernet })
  writer.addNames([
    { address: '10.0.0.1', names: ['one.example'] },
    { address: 'fd00::1', names: ['six.example'] },
  ])
  writer.writePacket({ interface: left, time: START, data: frame('a'), comment: 'the first ✓' })
  // The capture kept 60 bytes of it.
  writer.writePacket({
    interface: right,
    time: START + 1n,
    data: frame('b'.repeat(100)).subarray(0, 60),
    length: 142,
  })
  writer.addStatistics({
    interface: left,
    time: START + 2n,
    received: 2n ** 40n,
    accepted: 7n,
    droppedByInterface: 1n,
    droppedBySystem: 0n,
  })
  writer.addSection({ comment: 'the second section' })
  const other = writer.addInterface({ name: 'other', linkType: LinkType.ethernet })
  writer.writePacket({ interface: other, time: START + 3n, data: frame('c'), comment: 'of another section' })
  await writer.close()
}

describe('pcapng', () => {
  test('with sections, interfaces, names, keys, comments and counts', async () => {
    const path = join(directory, 'everything.pcapng')
    await everything(path)
    assert.equal(packetsIn(path), 3)
    const report = tool('capinfos', [path])
    for (const line of [
      'File timestamp precision:  nanoseconds (9)',
      'Capture hardware:    a machine',
      'Capture oper-sys:    Linux 6.12',
      'Capture application: a test',
      'Capture comment:     the first section',
      'Capture comment:     the second section',
      'Number of interfaces in file: 3',
      'Name = left',
      'Description = the left wire',
      'Name = right',
      'Name = other',
      'Number of stat entries = 1',
      'Number of resolved IPv4 addresses in file: 1',
      'Number of resolved IPv6 addresses in file: 1',
      'Number of decryption secrets in file: 2',
    ])
      assert.ok(report.includes(line), `${line} is not in\n${report}`)
    const names = tool('tshark', ['-q', '-z', 'hosts', '-r', path])
    assert.match(names, /^10\.0\.0\.1\tone\.example$/m)
    assert.match(names, /^fd00::1\tsix\.example$/m)
  })

  test('whose packets have time to the nanosecond, interface, lengths and comments', async () => {
    const path = join(directory, 'packets.pcapng')
    await everything(path)
    assert.deepEqual(fieldsOf(path, 'frame.time_epoch', 'frame.len', 'frame.cap_len', 'frame.comment'), [
      ['1700000000.123456789', '43', '43', 'the first ✓'],
      ['1700000000.123456790', '142', '60', ''],
      ['1700000000.123456792', '43', '43', 'of another section'],
    ])
    // tshark 4.0 looks for the interfaces of all sections in the first one.
    assert.deepEqual(fieldsOf(path, 'frame.interface_name').slice(0, 2), [['left'], ['right']])
  })

  test('whose blocks are what they are to be, byte for byte of their fields', async () => {
    const path = join(directory, 'blocks.pcapng')
    await everything(path)
    assert.deepEqual(blockFieldsOf(path, 'pcapng.block.type'), [
      '0x0a0d0d0a|0x0000000a|0x0000000a|0x00000001|0x00000001|0x00000004|0x00000006|0x00000006|0x00000005|' +
        '0x0a0d0d0a|0x00000001|0x00000006',
    ])
    assert.deepEqual(blockFieldsOf(path, 'pcapng.dsb.secrets_type'), ['0x45535053|0x544c534b'])
    const statistics = ['received', 'accepted_by_filter', 'dropped', 'dropped_by_os']
    assert.deepEqual(
      blockFieldsOf(path, ...statistics.map((name) => `pcapng.options.option.data.interface.${name}`)),
      ['1099511627776', '7', '1', '0'],
    )
    const malformed = [
      'block_length_below_block_minimum',
      'block_lengths_dont_match',
      'invalid_option_length',
      'invalid_record_length',
    ]
    assert.deepEqual(blockFieldsOf(path, ...malformed.map((name) => `pcapng.${name}`)), Array(4).fill(''))
  })

  test('without packets', async () => {
    const path = join(directory, 'empty.pcapng')
    const writer = new PcapngWriter(path)
    writer.addInterface({ name: 'quiet', linkType: LinkType.ethernet })
    await writer.close()
    assert.equal(packetsIn(path), 0)
    assert.match(tool('capinfos', [path]), /Name = quiet/)
  })

  test('through gzip', async () => {
    const path = join(directory, 'packed.pcapng.gz')
    const gzip = createGzip()
    const writer = new PcapngWriter(gzip)
    const wire = writer.addInterface({ linkType: LinkType.ethernet })
    for (let i = 0; i < 100; i++) writer.writePacket({ interface: wire, time: START, data: frame(`${i}`) })
    await Promise.all([writer.close(), pipeline(gzip, createWriteStream(path))])
    assert.equal(readFileSync(path).readUInt16BE(0), 0x1f8b)
    // tcpdump reads no compressed files.
    assert.match(tool('capinfos', [path]), /Number of packets: +100$/m)
    assert.equal(fieldsOf(path, 'frame.number').length, 100)
  })
})

describe('pcap', () => {
  for (const [resolution, microseconds, shown] of [
    ['nanoseconds', false, ['1700000000.123456789', '1700000001.123456789']],
    ['microseconds', true, ['1700000000.123456000', '1700000001.123456000']],
  ] as const)
    test(`with ${resolution}, and a packet that was cut`, async () => {
      const path = join(directory, `${resolution}.pcap`)
      const writer = new PcapWriter(path, { linkType: LinkType.ethernet, microseconds })
      writer.writePacket({ time: START, data: frame('a') })
      writer.writePacket({ time: START + 1_000_000_000n, data: frame('b').subarray(0, 30), length: 43 })
      await writer.close()
      assert.equal(packetsIn(path), 2)
      assert.match(tool('capinfos', [path]), new RegExp(`timestamp precision: +${resolution}`))
      assert.deepEqual(fieldsOf(path, 'frame.time_epoch', 'frame.len', 'frame.cap_len'), [
        [shown[0], '43', '43'],
        [shown[1], '43', '30'],
      ])
    })

  test('without packets', async () => {
    const path = join(directory, 'empty.pcap')
    await new PcapWriter(path, { linkType: LinkType.raw }).close()
    assert.equal(packetsIn(path), 0)
    assert.match(tool('capinfos', [path]), /File encapsulation: +Raw IP/)
  })
})

describe('control: a file that was damaged makes each tool complain', () => {
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['cut off', (bytes) => bytes.subarray(0, -10)],
    [
      'whose last block has another length at its end',
      (bytes) => {
        bytes.writeUInt32LE(1, bytes.length - 4)
        return bytes
      },
    ],
  ]
  for (const [name, damage] of damages)
    test(name, async () => {
      const path = join(directory, 'damaged.pcapng')
      await everything(path)
      writeFileSync(path, damage(readFileSync(path)))
      assert.throws(() => tool('capinfos', [path]), assert.AssertionError)
      assert.throws(() => fieldsOf(path, 'frame.number'), assert.AssertionError)
      assert.throws(() => tool('tcpdump', ['-n', '-r', path]), assert.AssertionError)
    })
})
