import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { espSuites } from '../../test/esp-suites.ts'
import { decodeIp, type Frame } from '../frame/frame.ts'
import { ipv4, ipv6, tcp, udp } from '../sample-frames.ts'
import { crossChecked } from './cross-checked.ts'
import type { EspEngine } from './engine.ts'
import { fastEngine } from './gnutls.ts'
import { nodeEngine } from './node-engine.ts'
import { EspOpener } from './opener.ts'
import { cipherForms, type EspSa, SaError } from './sa.ts'
import { sealEsp, sealRaw } from './seal.ts'

const KEY = Buffer.from('feffe9928665731c6d6a8f9467308308cafebabe', 'hex')
const SA: EspSa = {
  source: '10.0.0.1',
  destination: '10.0.0.2',
  spi: 0x1000a001,
  algorithm: 'rfc4106(gcm(aes))',
  key: KEY,
  icvBits: 128,
}
const suites: Readonly<Record<string, EspSa>> = Object.fromEntries(
  espSuites.map(({ name, sa }) => [name, { ...sa, spi: SA.spi }]),
)

const fast = fastEngine()
assert.ok('engine' in fast, 'koffi is among the development dependencies, and GnuTLS on the machine')
const engines = {
  'node:crypto': nodeEngine,
  GnuTLS: fast.engine,
  'one checked by the other': crossChecked(fast.engine, nodeEngine, { sample: 1 }),
}

const IV = Buffer.from('0000000000000001', 'hex')
const INNER = ipv4(6, tcp(Buffer.from('a secret')), { source: '10.1.1.1' })

const onWire = (esp: Buffer): Frame => decodeIp(ipv4(50, esp))

test('opens the packet of draft-mcgrew-gcm-test-01', () => {
  const packet = Buffer.from(
    '0000a5f80000000afacedbaddecaf888' +
      'deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c' +
      '3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1' +
      '83b70d3aa8bc6ee4c309e9d85a41ad4a',
    'hex',
  )
  const opened = new EspOpener([{ ...SA, spi: 0xa5f8 }]).open(onWire(packet))
  assert.ok(opened.ok)
  assert.equal(opened.sequence, 10)
  assert.equal(opened.iv.toString('hex'), 'facedbaddecaf888')
  assert.equal(opened.nextHeader, 1)
  assert.equal(
    opened.inner.toString('hex'),
    '4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009' +
      '63796265726369747902646b0000010001',
  )
})

for (const [suite, sa] of Object.entries(suites))
  for (const [name, engine] of Object.entries(engines))
    test(`${name} opens what was sealed with ${suite}, of any length, and nothing that was altered`, () => {
      const opener = new EspOpener([sa], { engine })
      const iv = Buffer.alloc(cipherForms[sa.algorithm].ivBytes, 7)
      for (let length = 0; length < 18; length++) {
        const inner = Buffer.concat([INNER, Buffer.alloc(length)])
        const esp = sealEsp(sa, { sequence: 9, iv, nextHeader: 4, inner })
        const opened = opener.open(onWire(esp))
        assert.ok(opened.ok)
        assert.equal(opened.sa, sa)
        assert.equal(opened.nextHeader, 4)
        assert.deepEqual(opened.iv, iv)
        assert.deepEqual(opened.inner, inner)
        assert.equal(decodeIp(opened.inner).source, '10.1.1.1')
        for (const byte of [5, 8 + iv.length, esp.length - 1]) {
          const altered = Buffer.from(esp)
          altered[byte]! ^= 0x80
          const refused = opener.open(onWire(altered))
          assert.ok(!refused.ok && refused.reason === 'bad-icv')
        }
      }
    })

for (const [suite, base] of Object.entries(suites))
  for (const [name, engine] of Object.entries(engines))
    test(`${name} opens ${suite} with extended sequence numbers across a turn of the lower half`, () => {
      const sa = { ...base, esn: true }
      const opener = new EspOpener([sa], { engine })
      const iv = Buffer.alloc(cipherForms[sa.algorithm].ivBytes, 7)
      const open = (sequenceHigh: number, sequence: number) => {
        const esp = sealEsp(sa, { sequence, sequenceHigh, iv, nextHeader: 4, inner: INNER })
        const opened = opener.open(onWire(esp))
        return opened.ok ? opened.sequenceHigh : opened.reason
      }
      const numbers = [
        [0, 1],
        [0, 0xfffffffe],
        [1, 0],
        [0, 0xffffffff],
        [1, 5],
        [1, 0xfffffff0],
        [2, 3],
      ] as const
      for (const [high, low] of numbers) assert.equal(open(high, low), high)
      assert.equal(open(9, 4), 'bad-icv', 'no such number can be next')
      const plain = new EspOpener([base], { engine })
      const esp = sealEsp(sa, { sequence: 1, iv, nextHeader: 4, inner: INNER })
      assert.ok(!plain.open(onWire(esp)).ok, 'the upper half is authenticated')
    })

test('opens ESP in UDP, over IPv6, and in transport mode', () => {
  const esp = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 4, inner: INNER })
  assert.ok(new EspOpener([SA]).open(decodeIp(ipv4(17, udp(4500, 4500, esp)))).ok)

  const overIpv6 = { ...SA, source: 'fd00::1', destination: 'FD00:0::2' }
  assert.ok(new EspOpener([overIpv6]).open(decodeIp(ipv6(50, esp))).ok)

  const segment = udp(1, 2, Buffer.from('x'))
  const transport = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 17, inner: segment })
  const opened = new EspOpener([SA]).open(onWire(transport))
  assert.ok(opened.ok)
  assert.equal(opened.nextHeader, 17)
  assert.deepEqual(opened.inner, segment)
})

describe('says why a packet does not open', () => {
  const esp = sealEsp(SA, { sequence: 3, iv: IV, nextHeader: 4, inner: INNER })
  const opener = new EspOpener([SA])

  test('bad-icv for each bit that is flipped behind the SPI', () => {
    for (let bit = 32; bit < esp.length * 8; bit++) {
      const altered = Buffer.from(esp)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      const opened = opener.open(onWire(altered))
      assert.ok(!opened.ok && opened.reason === 'bad-icv', `bit ${bit}`)
    }
    assert.ok(opener.open(onWire(esp)).ok)
  })

  test('bad-icv under another key or another salt', () => {
    for (const at of [0, 19]) {
      const key = Buffer.from(KEY)
      key[at]! ^= 1
      assert.deepEqual(new EspOpener([{ ...SA, key }]).open(onWire(esp)), {
        ok: false,
        spi: SA.spi,
        sequence: 3,
        reason: 'bad-icv',
      })
    }
  })

  test('no-sa for another SPI, source, destination or IP version', () => {
    for (const other of [
      { spi: 1 },
      { source: '10.0.0.9' },
      { destination: '10.0.0.9' },
      { source: '::', destination: '::' },
    ])
      assert.deepEqual(new EspOpener([{ ...SA, ...other }]).open(onWire(esp)), {
        ok: false,
        spi: SA.spi,
        sequence: 3,
        reason: 'no-sa',
      })
  })

  test('bad-padding when it does not count 1, 2, 3, although authentic', () => {
    const plaintexts: [string, string | undefined][] = [
      ['4545454545450004', '454545454545'],
      ['4545450102030304', '454545'],
      ['0102030405060604', ''],
      ['4545450102040304', undefined],
      ['4545450000000304', undefined],
      ['4545450201030304', undefined],
      ['0102030405060704', undefined],
      ['454545454545ff04', undefined],
    ]
    for (const [plaintext, inner] of plaintexts) {
      const opened = opener.open(onWire(sealRaw(SA, { sequence: 1, iv: IV }, Buffer.from(plaintext, 'hex'))))
      if (inner === undefined) assert.ok(!opened.ok && opened.reason === 'bad-padding', plaintext)
      else assert.ok(opened.ok && opened.inner.toString('hex') === inner, plaintext)
    }
  })

  test('malformed for what is too short, misaligned, cut off, a fragment, or no ESP', () => {
    const short = Buffer.from(esp.subarray(0, 30))
    const misaligned = sealRaw(SA, { sequence: 1, iv: IV }, Buffer.from([0, 0, 4]))
    const frames = [
      onWire(short),
      onWire(misaligned),
      decodeIp(ipv4(50, esp).subarray(0, -1)),
      decodeIp(ipv4(50, esp, { moreFragments: true })),
      decodeIp(ipv4(17, udp(1, 2, esp))),
    ]
    for (const frame of frames) {
      const opened = opener.open(frame)
      assert.ok(!opened.ok && opened.reason === 'malformed')
    }
  })
})

test('of SAs alike in SPI and addresses, the one that fits is found', () => {
  const other = { ...SA, key: Buffer.alloc(20, 1) }
  const esp = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 4, inner: INNER })
  const opened = new EspOpener([other, SA]).open(onWire(esp))
  assert.ok(opened.ok)
  assert.equal(opened.sa, SA)
})

test('an SA that cannot be used is refused without telling its key', () => {
  const wrong: Partial<EspSa>[] = [
    { key: Buffer.alloc(16, 0xab) },
    { icvBits: 100 },
    { spi: 0 },
    { source: 'nowhere' },
    { algorithm: 'rfc7539esp(chacha20,poly1305)' },
    { algorithm: 'des3_ede' as EspSa['algorithm'] },
    { algorithm: 'cbc(aes)', key: Buffer.alloc(16, 0xab) },
    { integrity: { algorithm: 'hmac(sha256)', key: Buffer.alloc(32, 0xab) } },
    {
      algorithm: 'cipher_null',
      key: Buffer.alloc(0),
      integrity: { algorithm: 'hmac(sha1)', key: Buffer.alloc(0) },
    },
    {
      algorithm: 'cipher_null',
      key: Buffer.alloc(0),
      integrity: { algorithm: 'hmac(md5)' as 'hmac(sha1)', key: Buffer.alloc(16, 0xab) },
    },
  ]
  for (const part of wrong)
    assert.throws(
      () => new EspOpener([{ ...SA, ...part }]),
      (error) => error instanceof SaError && error.code === 'ESA' && !/feffe9|abab/.test(error.message),
    )
})

test('an address may stand for any', () => {
  const esp = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 4, inner: INNER })
  for (const any of [{ source: '*' }, { destination: '*' }, { source: '*', destination: '*' }])
    assert.ok(new EspOpener([{ ...SA, ...any }]).open(onWire(esp)).ok)
  assert.ok(new EspOpener([{ ...SA, source: '*', destination: '*' }]).open(decodeIp(ipv6(50, esp))).ok)
  assert.ok(!new EspOpener([{ ...SA, source: '*', destination: '10.9.9.9' }]).open(onWire(esp)).ok)
})

test('an engine of one’s own does the cryptography', () => {
  const calls: string[] = []
  const engine: EspEngine = {
    name: 'blind',
    cipher: (sa) => ({
      plaintext: Buffer.from([...Buffer.alloc(30, 1), 0, 59]),
      open(data, start, end, sequenceHigh) {
        calls.push([sa.spi, data.readUInt32BE(start), end - start, sequenceHigh].join(' '))
        return 32
      },
    }),
  }
  const esp = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 4, inner: INNER })
  const opened = new EspOpener([SA], { engine }).open(onWire(esp))
  assert.ok(opened.ok && opened.nextHeader === 59)
  assert.deepEqual(opened.inner, Buffer.alloc(30, 1))
  assert.deepEqual(calls, [`${SA.spi} ${SA.spi} ${esp.length} -1`])
})
