import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeIp, type Frame } from '../frame/frame.ts'
import { ipv4, ipv6, tcp, udp } from '../sample-frames.ts'
import { EspOpener } from './opener.ts'
import { type EspSa, SaError } from './sa.ts'
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

for (const keyLength of [20, 28, 36])
  for (const icvBits of [64, 96, 128])
    test(`opens what was sealed with AES-${(keyLength - 4) * 8} and an ICV of ${icvBits} bits, of any length`, () => {
      const sa = { ...SA, key: Buffer.alloc(keyLength, 5), icvBits }
      const opener = new EspOpener([sa])
      for (let length = 0; length < 9; length++) {
        const inner = Buffer.concat([INNER, Buffer.alloc(length)])
        const opened = opener.open(onWire(sealEsp(sa, { sequence: 9, iv: IV, nextHeader: 4, inner })))
        assert.ok(opened.ok)
        assert.equal(opened.sa, sa)
        assert.equal(opened.nextHeader, 4)
        assert.deepEqual(opened.inner, inner)
        assert.equal(decodeIp(opened.inner).source, '10.1.1.1')
      }
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
      const opened = opener.open(onWire(sealRaw(SA, 1, IV, Buffer.from(plaintext, 'hex'))))
      if (inner === undefined) assert.ok(!opened.ok && opened.reason === 'bad-padding', plaintext)
      else assert.ok(opened.ok && opened.inner.toString('hex') === inner, plaintext)
    }
  })

  test('malformed for what is too short, misaligned, cut off, a fragment, or no ESP', () => {
    const short = Buffer.from(esp.subarray(0, 30))
    const misaligned = sealRaw(SA, 1, IV, Buffer.from([0, 0, 4]))
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
    { algorithm: 'rfc7539esp(chacha20,poly1305)' as EspSa['algorithm'] },
  ]
  for (const part of wrong)
    assert.throws(
      () => new EspOpener([{ ...SA, ...part }]),
      (error) => error instanceof SaError && error.code === 'ESA' && !/feffe9|abab/.test(error.message),
    )
})

test('an engine of one’s own does the cryptography', () => {
  const calls: string[] = []
  const engine = {
    name: 'reverse',
    key: (key: Buffer, tagLength: number) => ({
      open(nonce: Buffer, aad: Buffer, ciphertext: Buffer, tag: Buffer) {
        calls.push([key.length, tagLength, nonce.toString('hex'), aad.length, tag.length].join(' '))
        return Buffer.concat([Buffer.alloc(ciphertext.length - 2), Buffer.from([0, 59])])
      },
    }),
  }
  const esp = sealEsp(SA, { sequence: 1, iv: IV, nextHeader: 4, inner: INNER })
  const opened = new EspOpener([SA], { engine }).open(onWire(esp))
  assert.ok(opened.ok && opened.nextHeader === 59)
  assert.deepEqual(calls, ['16 16 cafebabe0000000000000001 8 16'])
})
