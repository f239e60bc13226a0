import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../writer.ts'
import * as iproute2 from './iproute2.vectors.ts'
import { readState, writeState, writeStateId, type XfrmStateOptions } from './state.ts'

const key = Buffer.from('000102030405060708090a0b0c0d0e0f10111213', 'hex')
const aead = { name: 'rfc4106(gcm(aes))', key, icvBits: 128 }
const tunnel: XfrmStateOptions = {
  source: '192.0.2.1',
  destination: '192.0.2.2',
  spi: 0x10,
  reqid: 1,
  mode: 'tunnel',
  aead,
  replayWindow: 128,
  mark: { value: 1, mask: 0xff },
  outputMark: { value: 2, mask: 0xff },
}
const transportIPv6: XfrmStateOptions = {
  source: '2001:db8::1',
  destination: '2001:db8::2',
  spi: 0xfffffffe,
  reqid: 3,
  mode: 'transport',
  aead: { ...aead, icvBits: 64 },
  replayWindow: 32,
}
const { mark: _, outputMark: __, ...unmarked } = tunnel
const extended: XfrmStateOptions = { ...unmarked, spi: 0x11, replayWindow: 64, esn: true }

const longKey = Buffer.from(Array.from({ length: 36 }, (_, at) => at))
const windowed = { ...unmarked, replayWindow: 1024, esn: true }
const aes256: XfrmStateOptions = {
  ...windowed,
  source: '2001:db8::1',
  destination: '2001:db8::2',
  spi: 0x12,
  aead: { ...aead, key: longKey },
}
const chacha20: XfrmStateOptions = {
  ...windowed,
  spi: 0x13,
  aead: { name: 'rfc7539esp(chacha20,poly1305)', key: longKey, icvBits: 128 },
}
const { aead: ___, ...without } = windowed
const separate: XfrmStateOptions = {
  ...without,
  spi: 0x14,
  authentication: { name: 'hmac(sha256)', key: longKey.subarray(0, 32), icvBits: 128 },
  encryption: { name: 'cbc(aes)', key: longKey.subarray(0, 16) },
}

const cases = [
  ['a tunnel with marks and a wide replay window', tunnel, iproute2.stateTunnelMarked],
  ['an IPv6 transport association', transportIPv6, iproute2.stateTransportIPv6],
  ['an association with extended sequence numbers', extended, iproute2.stateExtendedSequence],
  ['an IPv6 tunnel with AES-256', aes256, iproute2.stateAes256IPv6],
  ['an association with ChaCha20-Poly1305', chacha20, iproute2.stateChacha20],
  [
    'an association that encrypts and authenticates separately',
    separate,
    iproute2.stateEncryptionAndAuthentication,
  ],
] as const

const fresh = {
  esn: false,
  lifetime: { bytes: 0, packets: 0 },
  added: 0,
  used: 0,
  lastUsed: 0,
  replay: { sent: 0n, received: 0n },
  failures: { replayWindow: 0, replay: 0, integrity: 0 },
}

for (const [name, state, expected] of cases) {
  test(`${name} is written byte for byte as iproute2 writes it`, () => {
    const writer = new Writer()
    writeState(writer, state)
    assert.equal(writer.bytes.toString('hex'), expected.toString('hex'))
  })

  test(`${name} is read back as it was given`, () => {
    assert.deepEqual(read(expected), { ...fresh, ...state })
  })
}

test('the name of an association is what iproute2 writes, without the source address that ESP does not need', () => {
  const writer = new Writer()
  writeStateId(writer, tunnel)
  const sourceAttribute = Buffer.concat([Buffer.from('14000d00c0000201', 'hex'), Buffer.alloc(12)])
  const at = iproute2.stateDelete.indexOf(sourceAttribute)
  assert.equal(at, 24)
  const expected = Buffer.concat([
    iproute2.stateDelete.subarray(0, at),
    iproute2.stateDelete.subarray(at + sourceAttribute.length),
  ])
  assert.equal(writer.bytes.toString('hex'), expected.toString('hex'))
})

test('the direction is sent only where it is asked for', () => {
  const writer = new Writer()
  writeState(writer, { ...tunnel, direction: 'out' })
  assert.equal(writer.bytes.toString('hex'), `${iproute2.stateTunnelMarked.toString('hex')}0500210002000000`)
  assert.equal(read(writer.bytes)?.direction, 'out')
})

test('what the kernel counted is read: packets, bytes, 64-bit sequence numbers, failures', () => {
  const payload = Buffer.from(iproute2.stateExtendedSequence)
  payload.writeBigUInt64LE(4200n, 160)
  payload.writeBigUInt64LE(3n, 168)
  payload.writeUInt32LE(5, 200)
  const replay = payload.length - 24
  payload.writeUInt32LE(7, replay + 4)
  payload.writeUInt32LE(9, replay + 8)
  payload.writeUInt32LE(1, replay + 12)
  const state = read(payload)
  assert.deepEqual(state?.lifetime, { packets: 3, bytes: 4200 })
  assert.deepEqual(state?.replay, { sent: (1n << 32n) + 7n, received: 9n })
  assert.equal(state?.failures.integrity, 5)
})

test('an association goes on after sequence numbers of 64 bits, byte for byte as iproute2 writes it', () => {
  const state = { ...windowed, spi: 0x15, goOnAfter: { sent: (1n << 32n) + 5n, received: (2n << 32n) + 7n } }
  const writer = new Writer()
  writeState(writer, state)
  assert.equal(writer.bytes.toString('hex'), iproute2.stateGoingOn.toString('hex'))
  assert.deepEqual(read(writer.bytes)?.replay, state.goOnAfter)
})

test('an association without room for them does not pretend to go on after sequence numbers', () => {
  const state = { ...unmarked, replayWindow: 32, goOnAfter: { sent: 5n } }
  assert.throws(() => writeState(new Writer(), state), /only with ESN or a replay window above 32/)
})

test('the bitmap of a replay window is read where the kernel tells it', () => {
  const at = iproute2.stateExtendedSequence.length - 28
  const bitmap = Buffer.from('3f00000000000080', 'hex')
  const payload = Buffer.concat([iproute2.stateExtendedSequence, bitmap])
  payload.writeUInt16LE(28 + bitmap.length, at)
  assert.deepEqual(read(payload)?.replay.bitmap, bitmap)
})

test('an association that is not ESP, or does not authenticate, is left out of what is listed', () => {
  const payload = Buffer.from(iproute2.stateTunnelMarked)
  payload.writeUInt8(51, 76)
  assert.equal(read(payload), undefined)
  const writer = new Writer()
  writeState(writer, separate)
  const bytes = Buffer.from(writer.bytes)
  assert.equal(bytes.readUInt16LE(226), 20)
  bytes.writeUInt16LE(1, 226)
  assert.equal(read(bytes), undefined)
})

test("an association's key is not part of what is read by reference", () => {
  const payload = Buffer.from(iproute2.stateTunnelMarked)
  const state = read(payload)
  payload.fill(0)
  assert.deepEqual(state?.aead?.key, key)
})

test('two addresses of different families are refused before anything is sent', () => {
  assert.throws(
    () => writeState(new Writer(), { ...tunnel, source: '2001:db8::1' }),
    /two addresses of one family/,
  )
})

function read(payload: Buffer) {
  return readState({ type: 0x10, flags: 0, sequence: 1, port: 0, payload })
}
