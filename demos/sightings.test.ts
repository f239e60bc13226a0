import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LinkType, PcapngWriter } from 'tcpdump-parse'
import type { SecurityAssociation } from '../agent/api.ts'
import type { CapturePoint } from '../lab/lab.ts'
import { findSealed, lookAtWire, pictured } from './sightings.ts'
import { canaryToken } from './workload/canary.ts'
import type { SentCanary } from './workload/traffic.ts'

const sa: SecurityAssociation = {
  node: 'n1',
  direction: 'out',
  source: '192.0.2.1',
  destination: '192.0.2.2',
  spi: 0x1002,
  reqid: 2,
  mode: 'tunnel',
  algorithm: 'rfc4106(gcm(aes))',
  key: randomBytes(20).toString('hex'),
  icvBits: 128,
  esn: false,
  packets: 0,
  bytes: 0,
  sequence: '0',
}

const ethernet = Buffer.concat([randomBytes(12), Buffer.from('0800', 'hex')])
const address = (dotted: string) => Buffer.from(dotted.split('.').map(Number))

function ipv4(protocol: number, source: string, destination: string, payload: Buffer, ttl = 64): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(20 + payload.length, 2)
  header.writeUInt8(ttl, 8)
  header.writeUInt8(protocol, 9)
  address(source).copy(header, 12)
  address(destination).copy(header, 16)
  return Buffer.concat([header, payload])
}

function udp(payload: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(40000, 0)
  header.writeUInt16BE(9000, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

/** RFC 4106: salt and IV make the nonce, SPI and sequence number are authenticated with the ciphertext. */
function esp(inner: Buffer, sequence: number): Buffer {
  const key = Buffer.from(sa.key, 'hex')
  const iv = randomBytes(8)
  const padding = (4 - ((inner.length + 2) % 4)) % 4
  const trailer = Buffer.from([...Array.from({ length: padding }, (_, index) => index + 1), padding, 4])
  const header = Buffer.alloc(8)
  header.writeUInt32BE(sa.spi, 0)
  header.writeUInt32BE(sequence, 4)
  const cipher = createCipheriv('aes-128-gcm', key.subarray(0, 16), Buffer.concat([key.subarray(16), iv]))
  cipher.setAAD(header)
  const sealed = Buffer.concat([cipher.update(Buffer.concat([inner, trailer])), cipher.final()])
  return ipv4(50, sa.source, sa.destination, Buffer.concat([header, iv, sealed, cipher.getAuthTag()]))
}

async function record(context: TestContext, point: string, ...packets: Buffer[]): Promise<CapturePoint> {
  const directory = await mkdtemp(join(tmpdir(), 'wireproof-test-'))
  context.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'capture.pcapng')
  const writer = new PcapngWriter(file)
  const id = writer.addInterface({ name: point, linkType: LinkType.ethernet })
  for (const packet of packets) {
    const data = Buffer.concat([ethernet, packet])
    writer.writePacket({ interface: id, time: 1n, data })
  }
  await writer.close()
  return { name: point, file, captured: packets.length, passed: packets.length, dropped: 0 }
}

function canary(token: string): SentCanary {
  return {
    id: 'encrypted/a1-b1/udp',
    token,
    fromPod: 'a1',
    toPod: 'b1',
    protocol: 'udp',
    bytes: 64,
    delivered: true,
    unchanged: true,
    ms: 1,
  }
}

test('what can be read on the wire is counted, and ESP is not', async (context) => {
  const datagram = ipv4(17, '10.0.1.1', '10.0.2.1', udp(Buffer.from(`${canaryToken()} `)))
  const points = [
    await record(
      context,
      'wire/n1',
      datagram,
      esp(datagram, 1),
      ipv4(17, '10.0.1.1', '10.0.2.1', udp(Buffer.alloc(9))),
    ),
    await record(context, 'pod/a1', datagram),
  ]
  const view = await lookAtWire(points)
  assert.deepEqual(
    { ...view, readable: view.readable.map(({ point }) => point) },
    { frames: 3, espFrames: 1, clearFrames: 2, fromStrangers: 0, readable: ['wire/n1'] },
  )
})

test('the ESP packet that carried a datagram is found among others by decrypting', async (context) => {
  const token = canaryToken()
  const sent = ipv4(17, '10.0.1.1', '10.0.2.1', udp(Buffer.from(`${token} ${token} `)))
  const other = ipv4(17, '10.0.1.1', '10.0.2.1', udp(Buffer.from(canaryToken())))
  const sealed = esp(sent, 8)
  const points = [
    await record(context, 'pod/a1', other, sent),
    await record(context, 'wire/n1', esp(other, 7), sealed),
  ]
  const seen = await findSealed([canary(token)], points, [sa], () => 'wire/n1')
  assert.ok(seen)
  assert.deepEqual(seen.inPod.data.subarray(14), sent)
  assert.deepEqual(seen.onWire.data.subarray(14), sealed)
  assert.deepEqual({ spi: seen.onWire.spi, sequence: seen.onWire.sequence }, { spi: 0x1002, sequence: 8 })
})

test('with another key it is not found', async (context) => {
  const token = canaryToken()
  const sent = ipv4(17, '10.0.1.1', '10.0.2.1', udp(Buffer.from(token)))
  const points = [await record(context, 'pod/a1', sent), await record(context, 'wire/n1', esp(sent, 1))]
  const wrong = { ...sa, key: randomBytes(20).toString('hex') }
  assert.equal(await findSealed([canary(token)], points, [wrong], () => 'wire/n1'), undefined)
})

test('every canary in a pictured frame is marked, from its first byte to its last', () => {
  const token = canaryToken()
  const data = Buffer.concat([ethernet, Buffer.from(`${token} ${token}.`)])
  assert.deepEqual(pictured('x', { point: 'wire/n1', data }).regions, [
    { offset: 0, length: 14, tone: 'quiet' },
    { offset: 14, length: token.length, tone: 'exposed' },
    { offset: 15 + token.length, length: token.length, tone: 'exposed' },
  ])
})
