/** Captures of everything the package decodes, made here: what tshark says of them is compared, and they are fuzzed. */
import { PcapWriter } from '../src/capture/pcap-writer.ts'
import { PcapngWriter } from '../src/capture/pcapng-writer.ts'
import type { EspSa } from '../src/esp/sa.ts'
import { cipherForms } from '../src/esp/sa.ts'
import { sealEsp } from '../src/esp/seal.ts'
import { LinkType } from '../src/link-type.ts'
import { ethernet, ipv4, ipv6, tcp, udp } from '../src/sample-frames.ts'
import { espSuites } from './esp-suites.ts'

export interface CorpusCapture {
  readonly name: string
  readonly linkType: number
  readonly frames: readonly Buffer[]
  readonly sas?: readonly EspSa[]
  /** Why tshark 4.0 cannot open the ESP in it; its headers are compared all the same. */
  readonly sealedToTshark?: string
}

// Always the same letter: of other payload tshark takes some for a protocol.
const text = (length: number): Buffer => Buffer.alloc(length, 'x')
const eth4 = (packet: Buffer): Buffer => ethernet(0x0800, packet)
const eth6 = (packet: Buffer): Buffer => ethernet(0x86dd, packet)
const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ''), 'hex')

const ports = [40_000, 50_000] as const
const datagram = (length = 20): Buffer => udp(...ports, text(length))
const segment = (length = 20, more: Parameters<typeof tcp>[1] = {}): Buffer => tcp(text(length), more)

function linkTypes(): CorpusCapture[] {
  const packet = ipv4(17, datagram())
  const packet6 = ipv6(17, datagram())
  const vlan = (id: number, type: number, rest: Buffer) =>
    Buffer.concat([hex(`${u16(0x6000 | id)}${u16(type)}`), rest])
  const captures: [string, number, Buffer[]][] = [
    ['Ethernet', LinkType.ethernet, [eth4(packet), eth6(packet6)]],
    [
      'Ethernet with padding',
      LinkType.ethernet,
      [Buffer.concat([eth4(ipv4(17, datagram(2))), Buffer.alloc(16)])],
    ],
    ['a VLAN', LinkType.ethernet, [ethernet(0x8100, vlan(7, 0x0800, packet))]],
    ['stacked VLANs', LinkType.ethernet, [ethernet(0x88a8, vlan(7, 0x8100, vlan(8, 0x86dd, packet6)))]],
    ['ARP', LinkType.ethernet, [1, 2].map((operation) => ethernet(0x0806, arp(operation)))],
    [
      'Linux cooked',
      LinkType.linuxSll,
      [Buffer.concat([hex('0000 0001 0006 020000000001 0000 0800'), packet])],
    ],
    [
      'Linux cooked v2',
      LinkType.linuxSll2,
      [Buffer.concat([hex('86dd 0000 00000002 0001 00 06 0200000000010000'), packet6])],
    ],
    ['raw IP', LinkType.raw, [packet, packet6]],
    ['raw IPv4', LinkType.ipv4, [packet]],
    ['raw IPv6', LinkType.ipv6, [packet6]],
    ['BSD loopback, little-endian', LinkType.null, [Buffer.concat([hex('02000000'), packet])]],
    ['OpenBSD loopback', LinkType.loop, [Buffer.concat([hex('00000002'), packet])]],
  ]
  return captures.map(([name, linkType, frames]) => ({ name, linkType, frames }))
}

function u16(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function arp(operation: number): Buffer {
  return hex(`0001 0800 06 04 ${u16(operation)} 020000000001 0a000001 020000000002 0a000002`)
}

function networks(): CorpusCapture[] {
  const ah = (next: number): Buffer =>
    Buffer.concat([Buffer.from([next, 4, 0, 0]), hex(`00000007 00000009 ${'ab'.repeat(12)}`)])
  const option = (next: number): Buffer => Buffer.concat([Buffer.from([next, 0]), hex('010400000000')])
  const captures: [string, Buffer[]][] = [
    ['IPv4 with options', [eth4(ipv4(17, datagram(), { options: hex('94040000') }))]],
    ['IPv4 with an authentication header', [eth4(ipv4(51, Buffer.concat([ah(17), datagram()])))]],
    [
      'IPv6 behind extension headers',
      [
        eth6(
          ipv6(6, segment(), [
            [0, option(0)],
            [60, option(0)],
          ]),
        ),
      ],
    ],
    ['IPv6 with an authentication header', [eth6(ipv6(17, datagram(), [[51, ah(0)]]))]],
    ['IPv4 in IPv4', [eth4(ipv4(4, ipv4(6, segment(), { source: '10.1.1.1' })))]],
    ['IPv6 in IPv4', [eth4(ipv4(41, ipv6(17, datagram())))]],
    ['IPv4 in IPv6', [eth6(ipv6(4, ipv4(17, datagram())))]],
    ['fragments of IPv4', fragmentsOf4(101, [0, 1480, 2960]).map(eth4)],
    ['fragments of IPv4, the last first', fragmentsOf4(102, [0, 1480, 2960]).reverse().map(eth4)],
    [
      'a fragment of IPv4 that comes twice',
      fragmentsOf4(103, [0, 1480])
        .flatMap((each, i) => (i ? [each] : [each, each]))
        .map(eth4),
    ],
    ['fragments of IPv6', fragmentsOf6(104, [0, 1400, 2800]).map(eth6)],
  ]
  return captures.map(([name, frames]) => ({ name, linkType: LinkType.ethernet, frames }))
}

const LARGE = udp(...ports, text(3000))

function fragmentsOf4(id: number, starts: readonly number[]): Buffer[] {
  return starts.map((from, index) => {
    const to = starts[index + 1] ?? LARGE.length
    return ipv4(17, LARGE.subarray(from, to), { id, fragmentOffset: from, moreFragments: to < LARGE.length })
  })
}

function fragmentsOf6(id: number, starts: readonly number[]): Buffer[] {
  return starts.map((from, index) => {
    const to = starts[index + 1] ?? LARGE.length
    const header = Buffer.alloc(8)
    header.writeUInt16BE(from | (to < LARGE.length ? 1 : 0), 2)
    header.writeUInt32BE(id, 4)
    return ipv6(17, LARGE.subarray(from, to), [[44, header]])
  })
}

function transports(): CorpusCapture[] {
  const icmp = (type: number, code: number, rest: Buffer): Buffer =>
    Buffer.concat([Buffer.from([type, code]), hex('1234 0007 0009'), rest])
  const hello = Buffer.concat([hex('16 0301 0006 02 000002 0000')])
  const captures: [string, Buffer[]][] = [
    [
      'a TCP connection',
      [
        eth4(ipv4(6, tcp(Buffer.alloc(0), { sequence: 99, syn: true, sourcePort: 40_001 }))),
        eth4(ipv4(6, segment(100, { sequence: 100, sourcePort: 40_001 }))),
        eth4(ipv4(6, segment(100, { sequence: 200, sourcePort: 40_001 }))),
      ],
    ],
    [
      'TCP retransmitted, and out of order',
      [300, 100, 100, 200, 100].map((sequence) =>
        eth4(ipv4(6, segment(100, { sequence, sourcePort: 40_002 }))),
      ),
    ],
    ['TCP over IPv6', [eth6(ipv6(6, segment(33, { sourcePort: 40_003 })))]],
    ['ICMP echo', [eth4(ipv4(1, icmp(8, 0, text(8)))), eth4(ipv4(1, icmp(0, 0, text(8))))]],
    ['ICMP unreachable', [eth4(ipv4(1, icmp(3, 1, ipv4(17, datagram(0)))))]],
    ['ICMPv6 echo', [eth6(ipv6(58, icmp(128, 0, text(8)))), eth6(ipv6(58, icmp(129, 0, text(8))))]],
    ['TLS record headers', [eth4(ipv4(6, tcp(hello, { sourcePort: 40_443, destinationPort: 443 })))]],
    [
      'WireGuard data',
      [
        eth4(
          ipv4(17, udp(51820, 51820, Buffer.concat([hex('04000000 05000000 0300000000000000'), text(32)]))),
        ),
      ],
    ],
    ['VXLAN', [eth4(ipv4(17, udp(40_000, 4789, vxlan(eth4(ipv4(6, segment()))))))]],
    ['VXLAN of IPv6 over IPv6', [eth6(ipv6(17, udp(40_000, 4789, vxlan(eth6(ipv6(6, segment()))))))]],
    ['Geneve', [eth4(ipv4(17, udp(40_000, 6081, geneve(0x6558, eth4(ipv4(6, segment()))))))]],
    ['Geneve of bare IPv4', [eth4(ipv4(17, udp(40_000, 6081, geneve(0x0800, ipv4(6, segment())))))]],
  ]
  return captures.map(([name, frames]) => ({ name, linkType: LinkType.ethernet, frames }))
}

export function vxlan(frame: Buffer): Buffer {
  return Buffer.concat([hex('0800000000002a00'), frame])
}

export function geneve(protocol: number, frame: Buffer): Buffer {
  return Buffer.concat([hex(`02 00 ${u16(protocol)} 00002a 00 0102 03 01 00000000`), frame])
}

const gateway = { source: '192.0.2.1', destination: '192.0.2.2' }

/** As the kernel makes them: a counter, never twice. */
function iv(sa: EspSa, sequence: number): Buffer {
  const bytes = Buffer.alloc(cipherForms[sa.algorithm].ivBytes)
  if (bytes.length > 0) bytes.writeUInt32BE(sequence, bytes.length - 4)
  return bytes
}

function sealed(sa: EspSa, sequence: number, inner: Buffer, nextHeader = 4, sequenceHigh = 0): Buffer {
  return sealEsp(sa, { sequence, sequenceHigh, iv: iv(sa, sequence), nextHeader, inner })
}

function espCaptures(): CorpusCapture[] {
  return espSuites.map(({ name, sa, sealedToTshark }, index) => {
    const own = { ...sa, ...gateway, spi: 0x2000 + index }
    const good = [1, 2, 3].map((sequence) => sealed(own, sequence, ipv4(17, datagram(sequence * 13))))
    const altered = Buffer.from(good[1]!)
    altered[altered.length - 1]! ^= 1
    return {
      name: `ESP, ${name}`,
      linkType: LinkType.ethernet,
      frames: [...good, altered].map((esp) => eth4(ipv4(50, esp, gateway))),
      sas: [own],
      ...(sealedToTshark !== undefined && { sealedToTshark }),
    }
  })
}

function espModes(): CorpusCapture[] {
  const gcm = espSuites[0]!.sa
  const sa = (spi: number, more: Partial<EspSa> = {}): EspSa => ({ ...gcm, ...gateway, spi, ...more })
  const over6 = { source: 'fd00::1', destination: 'fd00::2' }
  const natT = (spi: number): Buffer => udp(4500, 4500, sealed(sa(spi), 1, ipv4(17, datagram())))
  const outer = (esp: Buffer): Buffer => eth4(ipv4(50, esp, gateway))
  const esn = sa(0x3009, { esn: true })
  const esnCbc: EspSa = {
    ...espSuites.find(({ sa }) => sa.algorithm === 'cbc(aes)')!.sa,
    ...gateway,
    spi: 0x300a,
    esn: true,
  }
  const turns = [
    [0, 0xfffffffe],
    [0, 0xffffffff],
    [1, 0],
    [1, 1],
  ] as const
  const captures: [string, EspSa[], Buffer[], string?][] = [
    ['ESP in UDP', [sa(0x3001)], [eth4(ipv4(17, natT(0x3001), gateway))]],
    [
      'IKE and a keepalive beside ESP in UDP',
      [],
      [udp(4500, 4500, Buffer.from([0xff]))].map((each) => eth4(ipv4(17, each, gateway))),
    ],
    [
      'ESP in transport mode',
      [sa(0x3002)],
      [
        outer(sealed(sa(0x3002), 1, datagram(), 17)),
        outer(sealed(sa(0x3002), 2, segment(40, { sourcePort: 40_004 }), 6)),
      ],
    ],
    [
      'ESP over IPv6',
      [sa(0x3003, over6)],
      [eth6(ipv6(50, sealed(sa(0x3003, over6), 1, ipv6(17, datagram()), 41)))],
    ],
    ['IPv6 in ESP over IPv4', [sa(0x3004)], [outer(sealed(sa(0x3004), 1, ipv6(17, datagram()), 41))]],
    [
      'IPv4 in ESP over IPv6',
      [sa(0x3005, over6)],
      [eth6(ipv6(50, sealed(sa(0x3005, over6), 1, ipv4(6, segment(40, { sourcePort: 40_005 })))))],
    ],
    [
      'VXLAN in ESP',
      [sa(0x3006)],
      [outer(sealed(sa(0x3006), 1, ipv4(17, udp(40_000, 4789, vxlan(eth4(ipv4(17, datagram())))))))],
    ],
    [
      'ESP in VXLAN',
      [sa(0x3007)],
      [eth4(ipv4(17, udp(40_000, 4789, vxlan(outer(sealed(sa(0x3007), 1, ipv4(17, datagram())))))))],
    ],
    [
      'ESP in a VLAN',
      [sa(0x3008)],
      [
        ethernet(
          0x8100,
          Buffer.concat([hex('00070800'), ipv4(50, sealed(sa(0x3008), 1, ipv4(17, datagram())), gateway)]),
        ),
      ],
    ],
    [
      'ESP with extended sequence numbers that turn over',
      [esn],
      turns.map(([high, low]) => outer(sealed(esn, low, ipv4(17, datagram()), 4, high))),
      'it has no extended sequence numbers',
    ],
    [
      'AES-CBC with extended sequence numbers that turn over',
      [esnCbc],
      turns.map(([high, low]) => outer(sealed(esnCbc, low, ipv4(17, datagram()), 4, high))),
      'it has no extended sequence numbers',
    ],
    ['ESP of an SA that nobody knows', [], [outer(sealed(sa(0x3010), 1, ipv4(17, datagram())))]],
  ]
  return captures.map(([name, sas, frames, sealedToTshark]) => ({
    name,
    linkType: LinkType.ethernet,
    frames,
    sas,
    ...(sealedToTshark !== undefined && { sealedToTshark }),
  }))
}

export const corpus: readonly CorpusCapture[] = [
  ...linkTypes(),
  ...networks(),
  ...transports(),
  ...espCaptures(),
  ...espModes(),
]

const START = 1_700_000_000_000_000_000n

/** Writes a capture of the corpus to a path, in the form that its extension names. */
export async function writeCapture({ linkType, frames }: CorpusCapture, path: string): Promise<void> {
  if (path.endsWith('.pcap')) {
    const writer = new PcapWriter(path, { linkType })
    for (const [index, data] of frames.entries()) writer.writePacket({ time: START + BigInt(index), data })
    return writer.close()
  }
  const writer = new PcapngWriter(path, { application: 'the tests' })
  const wire = writer.addInterface({ name: 'wire', linkType })
  for (const [index, data] of frames.entries())
    writer.writePacket({ interface: wire, time: START + BigInt(index), data, comment: `frame ${index + 1}` })
  return writer.close()
}
