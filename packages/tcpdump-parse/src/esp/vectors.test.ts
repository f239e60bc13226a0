import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeIp, type Frame } from '../frame/frame.ts'
import { ipv4 } from '../sample-frames.ts'
import type { EspEngine } from './engine.ts'
import { fastEngine } from './gnutls.ts'
import { nodeEngine } from './node-engine.ts'
import { EspOpener } from './opener.ts'
import { type EspSa, type IntegrityAlgorithm, integrityForms } from './sa.ts'
import { sealRaw } from './seal.ts'

/** What the RFCs themselves give as examples: our own sealing has no part in these. */

const fast = fastEngine()
assert.ok('engine' in fast, 'koffi is among the development dependencies, and GnuTLS on the machine')
const engines: readonly EspEngine[] = [nodeEngine, fast.engine]
const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ''), 'hex')

for (const engine of engines)
  describe(`${engine.name} agrees with`, () => {
    const open = (sa: EspSa, frame: Frame) => new EspOpener([sa], { engine }).open(frame)

    test('draft-mcgrew-gcm-test-01, the example of RFC 4106 in 128 bits', () => {
      const sa: EspSa = {
        source: '*',
        destination: '*',
        spi: 0xa5f8,
        algorithm: 'rfc4106(gcm(aes))',
        key: hex('feffe9928665731c6d6a8f9467308308cafebabe'),
        icvBits: 128,
      }
      const packet = hex(`0000a5f8 0000000a facedbad decaf888
        deb22cd9 b07c72c1 6e3a65be eb8df304 a5a5897d 33ae530f 1ba76d5d 114d2a5c
        3de81827 c10e9a4f 51330d0e ec416642 cfbb85a5 b47e48a4 ec3b9ba9 5d918bd1
        83b70d3a a8bc6ee4 c309e9d8 5a41ad4a`)
      const opened = open(sa, decodeIp(ipv4(50, packet)))
      assert.ok(opened.ok)
      assert.equal(
        opened.inner.toString('hex'),
        '4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009' +
          '63796265726369747902646b0000010001',
      )
    })

    test('RFC 7634 appendix A, ChaCha20-Poly1305', () => {
      const sa: EspSa = {
        source: '203.0.113.153',
        destination: '203.0.113.5',
        spi: 0x01020304,
        algorithm: 'rfc7539esp(chacha20,poly1305)',
        key: hex(`80818283 84858687 88898a8b 8c8d8e8f 90919293 94959697 98999a9b 9c9d9e9f a0a1a2a3`),
        icvBits: 128,
      }
      const packet = hex(`4500008c 23450000 4032de5b cb007199 cb007105
        01020304 00000005 10111213 14151617
        24039428 b97f417e 3c13753a 4f05087b 67c352e6 a7fab1b9 82d466ef 407ae5c6
        14ee8099 d52844eb 61aa95df ab4c02f7 2aa71e7c 4c4f64c9 befe2fac c638e8f3
        cbec163f ac469b50 2773f6fb 94e664da 9165b828 29f641e0
        76aaa826 6b7fb0f7 b11b3699 07e1ad43`)
      const opened = open(sa, decodeIp(packet))
      assert.ok(opened.ok)
      assert.equal(opened.nextHeader, 4)
      const inner = decodeIp(opened.inner)
      assert.deepEqual([inner.source, inner.destination, inner.icmp?.type], ['198.51.100.5', '192.0.2.5', 8])
    })

    test('RFC 3602 case 5, a transport-mode packet in AES-CBC', () => {
      const integrity = { algorithm: 'hmac(sha1)', key: Buffer.alloc(20, 1) } as const
      const sa: EspSa = {
        source: '192.168.123.3',
        destination: '192.168.123.100',
        spi: 0x4321,
        algorithm: 'cbc(aes)',
        key: hex('90d382b4 10eeba7a d938c46c ec1a82bf'),
        icvBits: 96,
        integrity,
      }
      const ciphertext = hex(`f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856
        a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a
        a269add0 47ad2d59 13ac19b7 cfbad4a6`)
      // The RFC's packet has no ICV. One is added as for a NULL cipher, which leaves the bytes as they are.
      const authenticated = sealRaw(
        { ...sa, algorithm: 'cipher_null', key: Buffer.alloc(0) },
        { sequence: 1, iv: hex('e96e8c08 ab465763 fd098d45 dd3ff893') },
        ciphertext,
      )
      const { source, destination } = sa
      const opened = open(sa, decodeIp(ipv4(50, authenticated, { source, destination })))
      assert.ok(opened.ok)
      assert.equal(opened.nextHeader, 1)
      assert.deepEqual(
        opened.inner,
        hex(`08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617
          18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637`),
      )
    })

    const vectors: [IntegrityAlgorithm, number, string][] = [
      // RFC 2202 section 3, case 1, truncated as RFC 2404 has it.
      ['hmac(sha1)', 20, 'b617318655057264e28bc0b6'],
      // RFC 4868 section 2.7.2: AUTH256-1, AUTH384-1, AUTH512-1.
      ['hmac(sha256)', 32, '198a607eb44bfbc69903a0f1cf2bbdc5'],
      ['hmac(sha384)', 48, 'b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973'],
      ['hmac(sha512)', 64, '637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8'],
    ]
    for (const [algorithm, keyBytes, icv] of vectors)
      test(`the test of ${algorithm} with the text "Hi There"`, () => {
        // Eight bytes: to ESP with a NULL cipher they are SPI and sequence number, and a packet with nothing in it.
        const packet = Buffer.concat([Buffer.from('Hi There'), hex(icv)])
        const sa: EspSa = {
          source: '*',
          destination: '*',
          spi: packet.readUInt32BE(0),
          algorithm: 'cipher_null',
          key: Buffer.alloc(0),
          icvBits: integrityForms[algorithm].icvBits.at(-1)!,
          integrity: { algorithm, key: Buffer.alloc(keyBytes, 0x0b) },
        }
        assert.equal(engine.cipher(sa).open(packet, 0, packet.length, -1), 0)
        packet[packet.length - 1]! ^= 1
        assert.equal(engine.cipher(sa).open(packet, 0, packet.length, -1), -1)
      })
  })
