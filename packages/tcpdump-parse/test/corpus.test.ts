/** Our decoding of the corpus against tshark's, field by field. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readCapture } from '../src/capture/read.ts'
import { crossChecked } from '../src/esp/cross-checked.ts'
import { fastEngine } from '../src/esp/gnutls.ts'
import { nodeEngine } from '../src/esp/node-engine.ts'
import { EspOpener } from '../src/esp/opener.ts'
import { Defragmenter } from '../src/fragment/defragmenter.ts'
import { decodeIp, type Frame } from '../src/frame/frame.ts'
import { decode } from '../src/index.ts'
import { type CorpusCapture, corpus, writeCapture } from './corpus.ts'
import { dissect, type Fields, type Headers } from './tshark.ts'

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
after(() => rmSync(directory, { recursive: true }))

/** The protocols that we decode, by tshark's names: of these neither side may see one that the other does not. */
const compared = [
  'eth',
  'vlan',
  'arp',
  'ip',
  'ipv6',
  'ah',
  'tcp',
  'udp',
  'icmp',
  'icmpv6',
  'esp',
  'vxlan',
  'geneve',
  'wg',
  'tls',
]

type Values = Readonly<Record<string, string | number | bigint | boolean | undefined>>
type Found = Map<string, Values[]>

const fast = fastEngine()
assert.ok('engine' in fast)
const engine = crossChecked(fast.engine, nodeEngine, { sample: 1 })

test('the corpus has what it is to have', () => {
  assert.ok(corpus.length >= 40, `${corpus.length}`)
  assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length)
})

describe('every capture of the corpus is to us what it is to tshark', {
  concurrency: availableParallelism(),
}, () => {
  for (const [index, capture] of corpus.entries())
    test(capture.name, async () => {
      const own = join(directory, `${index}`)
      mkdirSync(own)
      const path = join(own, index % 2 ? 'capture.pcap' : 'capture.pcapng')
      await writeCapture(capture, path)
      const theirs = await dissect(path, capture.sealedToTshark === undefined ? (capture.sas ?? []) : [], own)
      const ours = await decoded(path, capture)
      assert.equal(theirs.length, capture.frames.length)
      for (const [number, found] of ours.entries()) compare(found, theirs[number]!, `frame ${number + 1}`)
    })
})

test('control: a capture that differs in one byte of one header is not the same', async () => {
  const own = join(directory, 'control')
  mkdirSync(own)
  const capture = corpus.find(({ name }) => name === 'VXLAN')!
  await writeCapture(capture, join(own, 'capture.pcap'))
  const [theirs] = await dissect(join(own, 'capture.pcap'), [], own)
  for (const [offset, field] of [
    [0, 'eth.dst'],
    [22, 'ip.ttl'],
    [35, 'udp.srcport'],
    [48, 'vxlan.vni'],
    [72, 'ip.ttl'],
  ] as const) {
    const frames = [Buffer.from(capture.frames[0]!)]
    frames[0]![offset]! ^= 0x40
    await writeCapture({ ...capture, frames }, join(own, 'altered.pcap'))
    const [found] = await decoded(join(own, 'altered.pcap'), capture)
    assert.throws(() => compare(found!, theirs!, 'frame 1'), new RegExp(`frame 1: ${field}`))
  }
})

/** What a sealed packet holds is compared where tshark can open it; where it cannot, that we can is asserted here. */
async function decoded(path: string, { sas = [], sealedToTshark }: CorpusCapture): Promise<Found[]> {
  const opener = new EspOpener(sas, { engine })
  const defragmenter = new Defragmenter({ onProblem: ({ message }) => assert.fail(message) })
  const frames: Found[] = []
  for await (const { data, interface: from, time } of readCapture(path, {
    onProblem: ({ message }) => assert.fail(message),
  })) {
    const found: Found = new Map()
    const frame = decode(data, from.linkType)
    describeHeaders(frame, found, opener, sealedToTshark)
    if (frame.fragment) {
      const whole = defragmenter.add(frame, time)
      if (whole) describeTransport(whole, found, opener, sealedToTshark)
    }
    frames.push(found)
  }
  return frames
}

function describeHeaders(frame: Frame, found: Found, opener: EspOpener, sealed: string | undefined): void {
  const note = (protocol: string, values: Values) =>
    found.set(protocol, [...(found.get(protocol) ?? []), values])
  const { ethernet, vlans, arp, ipv4, ipv6 } = frame
  if (ethernet)
    note('eth', {
      'eth.src': ethernet.source,
      'eth.dst': ethernet.destination,
      ...(vlans.length === 0 && { 'eth.type': ethernet.etherType }),
    })
  for (const { id, priority } of vlans) note('vlan', { 'vlan.id': id, 'vlan.priority': priority })
  if (arp)
    note('arp', {
      'arp.opcode': arp.operation,
      'arp.src.hw_mac': arp.senderMac,
      'arp.src.proto_ipv4': arp.senderAddress,
      'arp.dst.hw_mac': arp.targetMac,
      'arp.dst.proto_ipv4': arp.targetAddress,
    })
  if (ipv4)
    note('ip', {
      'ip.src': ipv4.source,
      'ip.dst': ipv4.destination,
      'ip.proto': ipv4.protocol,
      'ip.ttl': ipv4.ttl,
      'ip.dsfield.dscp': ipv4.dscp,
      'ip.dsfield.ecn': ipv4.ecn,
      'ip.id': ipv4.id,
      'ip.flags.df': ipv4.dontFragment,
      'ip.flags.mf': ipv4.fragment?.more ?? false,
      'ip.frag_offset': (ipv4.fragment?.offset ?? 0) / 8,
      'ip.len': ipv4.totalLength,
      'ip.checksum': ipv4.checksum,
    })
  if (ipv6)
    note('ipv6', {
      'ipv6.src': ipv6.source,
      'ipv6.dst': ipv6.destination,
      'ipv6.hlim': ipv6.hopLimit,
      'ipv6.tclass': ipv6.trafficClass,
      'ipv6.flow': ipv6.flowLabel,
      'ipv6.plen': ipv6.payloadLength,
      ...(ipv6.fragment && {
        'ipv6.fraghdr.ident': ipv6.fragment.id,
        'ipv6.fraghdr.offset': ipv6.fragment.offset / 8,
        'ipv6.fraghdr.more': ipv6.fragment.more,
      }),
    })
  if (!frame.fragment) describeTransport(frame, found, opener, sealed)
}

function describeTransport(frame: Frame, found: Found, opener: EspOpener, sealed: string | undefined): void {
  const note = (protocol: string, values: Values) =>
    found.set(protocol, [...(found.get(protocol) ?? []), values])
  const { ah, tcp, udp, icmp, esp, overlay, wireGuard, tls, inner } = frame
  if (ah)
    note('ah', {
      'ah.spi': ah.spi,
      'ah.sequence': ah.sequence,
      'ah.next_header': ah.nextHeader,
      'ah.icv': ah.icv.toString('hex').replace(/..(?=.)/g, '$&:'),
    })
  if (tcp)
    note('tcp', {
      'tcp.srcport': tcp.sourcePort,
      'tcp.dstport': tcp.destinationPort,
      'tcp.seq_raw': tcp.sequence,
      'tcp.ack_raw': tcp.acknowledgement,
      'tcp.flags.syn': tcp.flags.syn,
      'tcp.flags.ack': tcp.flags.ack,
      'tcp.flags.push': tcp.flags.psh,
      'tcp.flags.fin': tcp.flags.fin,
      'tcp.flags.reset': tcp.flags.rst,
      'tcp.flags.urg': tcp.flags.urg,
      'tcp.window_size_value': tcp.window,
      'tcp.checksum': tcp.checksum,
      'tcp.len': frame.payload.length,
    })
  if (udp)
    note('udp', {
      'udp.srcport': udp.sourcePort,
      'udp.dstport': udp.destinationPort,
      'udp.length': udp.length,
      'udp.checksum': udp.checksum,
    })
  if (icmp) describeIcmp(frame, found, opener, sealed)
  for (const { type, version, length } of tls)
    note('tls', {
      'tls.record.content_type': type,
      'tls.record.version': version,
      'tls.record.length': length,
    })
  if (wireGuard?.type === 'data')
    note('wg', { 'wg.type': 4, 'wg.receiver': wireGuard.receiver, 'wg.counter': wireGuard.counter })
  if (overlay) note(overlay.kind, { [`${overlay.kind}.vni`]: overlay.vni })
  if (inner) describeHeaders(inner, found, opener, sealed)
  if (esp) describeEsp(frame, found, opener, sealed)
}

function describeIcmp(frame: Frame, found: Found, opener: EspOpener, sealed: string | undefined): void {
  const { version, type, code, checksum, identifier, sequence } = frame.icmp!
  const name = version === 4 ? 'icmp' : 'icmpv6'
  const isEcho = version === 4 ? type === 0 || type === 8 : type >= 128
  const echo =
    version === 4
      ? { 'icmp.ident': identifier, 'icmp.seq': sequence }
      : { 'icmpv6.echo.identifier': identifier, 'icmpv6.echo.sequence_number': sequence }
  const values = {
    [`${name}.type`]: type,
    [`${name}.code`]: code,
    [`${name}.checksum`]: checksum,
    ...(isEcho && echo),
  }
  found.set(name, [...(found.get(name) ?? []), values])
  // An error quotes the packet that it is about.
  if (!isEcho) describeHeaders(decodeIp(frame.payload), found, opener, sealed)
}

function describeEsp(frame: Frame, found: Found, opener: EspOpener, sealed: string | undefined): void {
  const { spi, sequence } = frame.esp!
  const opened = opener.open(frame)
  const verdict = sealed === undefined && (opened.ok || opened.reason === 'bad-icv')
  found.set('esp', [
    ...(found.get('esp') ?? []),
    {
      'esp.spi': spi,
      'esp.sequence': sequence,
      ...(verdict && { 'esp.icv_good': opened.ok, 'esp.icv_bad': !opened.ok }),
    },
  ])
  if (sealed !== undefined) {
    // The altered packet that ends each capture of a suite is the only one that must not open.
    assert.ok(opened.ok || opened.reason === 'bad-icv')
    return
  }
  // tshark shows what it decrypted of a packet that is not authentic, too.
  if (!opened.ok && opened.reason === 'bad-icv') describeSuspect(frame, found, opener)
  if (!opened.ok) return
  const { nextHeader, inner } = opened
  if (nextHeader === 4 || nextHeader === 41) describeHeaders(decodeIp(inner), found, opener, sealed)
  else describeTransport(transportOf(frame, inner, nextHeader), found, opener, sealed)
}

/** What came out of transport mode, behind an IP header that says what it is. */
function transportOf(frame: Frame, inner: Buffer, protocol: number): Frame {
  const header = Buffer.from(frame.data.subarray(frame.layers.network, frame.layers.network + 20))
  header[9] = protocol
  header.writeUInt16BE(20 + inner.length, 2)
  return decodeIp(Buffer.concat([header, inner]))
}

/** The corpus alters the last byte of the ICV only, so that what is inside can be had by putting it right. */
function describeSuspect(frame: Frame, found: Found, opener: EspOpener): void {
  const mended = Buffer.from(frame.data)
  mended[mended.length - 1]! ^= 1
  const opened = opener.open(decode(mended, frame.linkType))
  assert.ok(opened.ok)
  describeHeaders(decodeIp(opened.inner), found, opener, undefined)
}

function compare(ours: Found, theirs: Headers, where: string): void {
  for (const protocol of compared) {
    const [own, other] = [ours.get(protocol) ?? [], theirs.get(protocol) ?? []]
    assert.equal(
      own.length,
      other.length,
      `${where}: ${protocol}, which tshark sees as ${JSON.stringify(other)}`,
    )
    for (const [index, values] of own.entries())
      for (const [field, value] of Object.entries(values))
        assert.equal(comparable(other[index]!, field), plain(value), `${where}: ${field}`)
  }
}

function plain(value: Values[string]): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

/** tshark writes some numbers in hexadecimal, and truth in several ways. */
function comparable(fields: Fields, field: string): string | undefined {
  const value = fields[field]
  if (value === undefined) return undefined
  if (/^0x[0-9a-f]+$/i.test(value)) return String(Number(value))
  if (value === 'True') return '1'
  return value === 'False' ? '0' : value
}
