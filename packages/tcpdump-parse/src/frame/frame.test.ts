import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LinkType } from '../link-type.ts'
import { ethernet, ipv4, ipv6, tcp, udp } from '../sample-frames.ts'
import { decode, decodeIp } from './frame.ts'

const HELLO = Buffer.from('hello')

describe('link layers', () => {
  const packet = ipv4(17, udp(1000, 2000, HELLO))
  const links: [string, number, Buffer][] = [
    ['Ethernet', LinkType.ethernet, ethernet(0x0800, packet)],
    [
      'one VLAN tag',
      LinkType.ethernet,
      ethernet(0x8100, Buffer.concat([Buffer.from('60070800', 'hex'), packet])),
    ],
    [
      'two VLAN tags',
      LinkType.ethernet,
      ethernet(
        0x88a8,
        Buffer.concat([Buffer.from('600781000008', 'hex'), Buffer.from('0800', 'hex'), packet]),
      ),
    ],
    [
      'Linux cooked',
      LinkType.linuxSll,
      Buffer.concat([Buffer.alloc(14), Buffer.from('0800', 'hex'), packet]),
    ],
    [
      'Linux cooked v2',
      LinkType.linuxSll2,
      Buffer.concat([Buffer.from('0800', 'hex'), Buffer.alloc(18), packet]),
    ],
    ['raw IP', LinkType.raw, packet],
    ['loopback', LinkType.null, Buffer.concat([Buffer.alloc(4), packet])],
    ['padding', LinkType.ethernet, Buffer.concat([ethernet(0x0800, packet), Buffer.alloc(20, 0xee)])],
  ]
  for (const [name, linkType, data] of links)
    test(name, () => {
      const frame = decode(data, linkType)
      assert.equal(frame.problem, undefined)
      assert.equal(frame.source, '10.0.0.1')
      assert.deepEqual(frame.udp, { sourcePort: 1000, destinationPort: 2000, length: 13, checksum: 0 })
      assert.deepEqual(frame.payload, HELLO)
      if (name.includes('VLAN')) assert.deepEqual(frame.vlan, { id: 7, priority: 3 })
      if (name === 'two VLAN tags') assert.deepEqual(frame.vlans[1], { id: 8, priority: 0 })
      if (!name.includes('VLAN')) assert.deepEqual([frame.vlan, frame.vlans], [undefined, []])
    })
})

test('Ethernet and ARP', () => {
  const request = '0001080006040001' + '020000000001' + '0a000001' + '000000000000' + '0a000002'
  const frame = decode(ethernet(0x0806, Buffer.from(request, 'hex')), LinkType.ethernet)
  assert.deepEqual(frame.ethernet, {
    source: '02:00:00:00:00:01',
    destination: '02:00:00:00:00:02',
    etherType: 0x0806,
  })
  assert.deepEqual(frame.arp, {
    operation: 1,
    senderMac: '02:00:00:00:00:01',
    senderAddress: '10.0.0.1',
    targetMac: '00:00:00:00:00:00',
    targetAddress: '10.0.0.2',
  })
  assert.equal(frame.ipv4, undefined)
})

test('IPv4 with options, and TCP', () => {
  const options = Buffer.from('94040000', 'hex')
  const frame = decodeIp(ipv4(6, tcp(HELLO, { sequence: 0xfffffff0, syn: true }), { options }))
  assert.deepEqual(frame.ipv4?.options, options)
  assert.equal(frame.tcp?.sequence, 0xfffffff0)
  assert.equal(frame.tcp?.flags.syn, true)
  assert.equal(frame.tcp?.flags.ack, false)
  assert.deepEqual(frame.payload, HELLO)
})

test('IPv6 behind extension headers', () => {
  const frame = decodeIp(
    ipv6(17, udp(1, 2, HELLO), [
      [0, Buffer.alloc(8)],
      [43, Buffer.alloc(8)],
      [60, Buffer.alloc(8)],
    ]),
  )
  assert.equal(frame.problem, undefined)
  assert.equal(frame.ipv6?.protocol, 17)
  assert.equal(frame.ipv6?.source, 'fd00::1')
  assert.equal(frame.destination, 'fd00::2')
  assert.deepEqual(frame.payload, HELLO)
})

describe('fragments are marked, and only the first has a transport header', () => {
  test('IPv4', () => {
    const first = decodeIp(ipv4(17, udp(1, 2, Buffer.alloc(24)), { moreFragments: true }))
    assert.deepEqual(first.fragment, { id: 7, offset: 0, more: true })
    assert.equal(first.udp?.destinationPort, 2)
    const last = decodeIp(ipv4(17, HELLO, { fragmentOffset: 32 }))
    assert.deepEqual(last.ipv4?.fragment, { id: 7, offset: 32, more: false })
    assert.equal(last.udp, undefined)
    assert.deepEqual(last.payload, HELLO)
  })
  test('IPv6', () => {
    const header = Buffer.from('0000002900000063', 'hex')
    const frame = decodeIp(ipv6(6, HELLO, [[44, header]]))
    assert.deepEqual(frame.fragment, { id: 99, offset: 40, more: true })
    assert.equal(frame.tcp, undefined)
  })
})

test('ICMP and ICMPv6', () => {
  const echo = Buffer.from('0800000000070009', 'hex')
  const expected = { version: 4, type: 8, code: 0, checksum: 0, identifier: 7, sequence: 9 }
  assert.deepEqual(decodeIp(ipv4(1, Buffer.concat([echo, HELLO]))).icmp, expected)
  assert.deepEqual(decodeIp(ipv6(58, echo)).icmp, { ...expected, version: 6 })
})

test('ESP, by itself and in UDP, but not IKE or a keepalive', () => {
  const esp = Buffer.from(`1000a00100000007${'ee'.repeat(32)}`, 'hex')
  assert.deepEqual(decodeIp(ipv4(50, esp)).esp, { spi: 0x1000a001, sequence: 7, inUdp: false, data: esp })
  assert.deepEqual(decodeIp(ipv4(17, udp(4500, 4500, esp))).esp, {
    spi: 0x1000a001,
    sequence: 7,
    inUdp: true,
    data: esp,
  })
  const ike = decodeIp(ipv4(17, udp(4500, 4500, Buffer.concat([Buffer.alloc(4), esp]))))
  const keepalive = decodeIp(ipv4(17, udp(4500, 9999, Buffer.from([0xff]))))
  assert.deepEqual([ike.esp, ike.natTraversal], [undefined, 'ike'])
  assert.deepEqual([keepalive.esp, keepalive.natTraversal], [undefined, 'keepalive'])
  assert.equal(decodeIp(ipv4(17, udp(1, 4500, esp))).natTraversal, 'esp')
  assert.equal(decodeIp(ipv4(17, udp(1, 2, esp))).natTraversal, undefined)
})

test('an authentication header, with what it authenticates', () => {
  const ah = Buffer.from(`11040000000000070000000${'9'}${'ab'.repeat(12)}`, 'hex')
  const expected = { nextHeader: 17, spi: 7, sequence: 9, icv: Buffer.alloc(12, 0xab) }
  const v4 = decodeIp(ipv4(51, Buffer.concat([ah, udp(1, 2, HELLO)])))
  const v6 = decodeIp(ipv6(17, udp(1, 2, HELLO), [[51, ah]]))
  for (const frame of [v4, v6]) {
    assert.equal(frame.problem, undefined)
    assert.deepEqual(frame.ah, expected)
    assert.equal(frame.udp?.destinationPort, 2)
    assert.deepEqual(frame.payload, HELLO)
  }
  assert.equal(v4.ipv4?.protocol, 51)
  assert.equal(decodeIp(ipv4(51, ah.subarray(0, 11))).problem?.code, 'truncated')
})

test('WireGuard messages by their form, on any port', () => {
  const message = (type: number, length: number, more = ''): Buffer => {
    const bytes = Buffer.alloc(length)
    bytes[0] = type
    bytes.write(more, 4, 'hex')
    return decodeIp(ipv4(17, udp(51820, 9, bytes))).data
  }
  const seen = (data: Buffer) => decodeIp(data).wireGuard
  assert.deepEqual(seen(message(1, 148)), { type: 'initiation', receiver: 0 })
  assert.deepEqual(seen(message(2, 92, '0000000007000000')), { type: 'response', receiver: 7 })
  assert.deepEqual(seen(message(3, 64, '05000000')), { type: 'cookie', receiver: 5 })
  assert.deepEqual(seen(message(4, 48, '05000000' + '0300000000000000')), {
    type: 'data',
    receiver: 5,
    counter: 3n,
  })
  for (const [type, length] of [
    [1, 147],
    [2, 148],
    [3, 63],
    [4, 47],
    [4, 16],
    [5, 64],
    [0, 64],
  ] as const)
    assert.equal(seen(message(type, length)), undefined)
})

test('headers of TLS records, as far as one follows the other', () => {
  const hello = Buffer.concat([Buffer.from('1603010003', 'hex'), Buffer.alloc(3)])
  const data = Buffer.from('1703030100', 'hex')
  const frame = decodeIp(ipv4(6, tcp(Buffer.concat([hello, data, HELLO]))))
  assert.deepEqual(frame.tls, [
    { type: 22, version: 0x0301, length: 3, offset: 0, whole: true },
    { type: 23, version: 0x0303, length: 256, offset: 8, whole: false },
  ])
  assert.deepEqual(decodeIp(ipv4(6, tcp(HELLO))).tls, [])
  assert.deepEqual(decodeIp(ipv4(17, udp(1, 2, hello))).tls, [])
})

test('frames within frames: VXLAN on both ports, Geneve, IP in IP', () => {
  const inside = ethernet(0x0800, ipv4(6, tcp(HELLO), { source: '10.1.1.1' }))
  const vxlan = Buffer.concat([Buffer.from('0800000000002a00', 'hex'), inside])
  for (const port of [4789, 8472]) {
    const frame = decodeIp(ipv4(17, udp(5555, port, vxlan)))
    assert.equal(frame.inner?.source, '10.1.1.1')
    assert.deepEqual(frame.inner?.payload, HELLO)
    assert.deepEqual(frame.overlay, { kind: 'vxlan', vni: 42, options: Buffer.alloc(0) })
  }
  const option = Buffer.from('0102030400000000', 'hex')
  const header = (protocol: number) =>
    Buffer.concat([Buffer.from([2, 0, protocol >> 8, protocol & 0xff, 0, 0, 42, 0]), option])
  for (const [protocol, carried] of [
    [0x6558, inside],
    [0x0800, inside.subarray(14)],
  ] as const) {
    const frame = decodeIp(ipv4(17, udp(5555, 6081, Buffer.concat([header(protocol), carried]))))
    assert.equal(frame.inner?.source, '10.1.1.1')
    assert.deepEqual(frame.overlay, { kind: 'geneve', vni: 42, options: option })
  }
  assert.equal(decodeIp(ipv4(17, udp(5555, 6081, header(0x6558).subarray(0, 8)))).inner, undefined)
  assert.equal(decodeIp(ipv4(4, ipv4(6, tcp(HELLO), { source: '10.1.1.1' }))).inner?.source, '10.1.1.1')
  assert.equal(decodeIp(ipv4(17, udp(5555, 80, vxlan))).inner, undefined)
})

describe('malformed frames have a problem with its offset', () => {
  const whole = ethernet(0x0800, ipv4(6, tcp(HELLO)))
  test('cut at every length', () => {
    for (let length = 0; length < whole.length; length++) {
      const { problem } = decode(whole.subarray(0, length), LinkType.ethernet)
      assert.equal(problem?.code, 'truncated', `at ${length} bytes`)
      assert.equal(problem.offset, length)
    }
    assert.equal(decode(whole, LinkType.ethernet).problem, undefined)
  })
  test('impossible header lengths', () => {
    const shortIp = Buffer.from(whole).fill(0x44, 14, 15)
    assert.deepEqual(
      [decode(shortIp, 1).problem?.code, decode(shortIp, 1).problem?.offset],
      ['bad-length', 14],
    )
    const shortTcp = Buffer.from(whole).fill(0x40, 46, 47)
    assert.deepEqual(
      [decode(shortTcp, 1).problem?.code, decode(shortTcp, 1).problem?.offset],
      ['bad-length', 46],
    )
    assert.equal(decode(shortTcp, 1).tcp, undefined)
  })
  test('an authentication header with no room for its own fields, or without its end', () => {
    const ah = (words: number, length: number) => {
      const header = Buffer.from(
        `11${words.toString(16).padStart(2, '0')}0000000000070000000900000000`,
        'hex',
      )
      return header.subarray(0, length)
    }
    for (const [words, length, code] of [
      [0, 8, 'bad-length'],
      [0, 16, 'bad-length'],
      [1, 8, 'truncated'],
      [4, 16, 'truncated'],
      [255, 16, 'truncated'],
    ] as const) {
      const v6 = decodeIp(ipv6(17, Buffer.alloc(0), [[51, ah(words, length)]]))
      assert.deepEqual([v6.problem?.code, v6.ah, v6.udp], [code, undefined, undefined])
      if (length < 12) continue
      const v4 = decodeIp(ipv4(51, ah(words, length)))
      assert.deepEqual([v4.problem?.code, v4.ah, v4.udp], [code, undefined, undefined])
    }
  })
  test('a wrong IP version', () => {
    assert.equal(decodeIp(Buffer.from('75', 'hex')).problem?.code, 'bad-value')
  })
  test('an unknown link type is all payload, without a problem', () => {
    const frame = decode(HELLO, 9999)
    assert.equal(frame.problem, undefined)
    assert.deepEqual(frame.payload, HELLO)
  })
})
