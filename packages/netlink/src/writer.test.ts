import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAttributes, readMessages, readString } from './reader.ts'
import { Writer } from './writer.ts'

test('what is written is read back: messages, nested attributes, padding', () => {
  const writer = new Writer(1)
  writer.beginMessage(16, 1, 7)
  writer.u32(42)
  writer.attributeString(3, 'eth0')
  writer.attribute(18, () => {
    writer.attributeString(1, 'veth')
    writer.attribute(2, () => writer.attributeU8(1, 9))
  })
  writer.endMessage()
  writer.beginMessage(17, 2, 8)
  writer.addMessageFlags(4)
  writer.endMessage()

  const [first, second, ...more] = readMessages(writer.bytes)
  assert.equal(more.length, 0)
  assert.deepEqual([first?.type, first?.flags, first?.sequence], [16, 1, 7])
  assert.deepEqual([second?.type, second?.flags, second?.sequence], [17, 6, 8])
  assert.equal(first?.payload.readUInt32LE(0), 42)
  const attributes = readAttributes(first!.payload.subarray(4))
  assert.equal(readString(attributes.get(3)!), 'eth0')
  const nested = readAttributes(attributes.get(18)!)
  assert.equal(readString(nested.get(1)!), 'veth')
  assert.deepEqual([...readAttributes(nested.get(2)!).get(1)!], [9])
})

test('numbers are laid out as the kernel wants them', () => {
  const writer = new Writer()
  writer.u8(1)
  writer.u8(2)
  writer.u16(0x0304)
  writer.u32(0xfffffffe)
  writer.bigU32(0x01020304)
  writer.bigU16(0x0506)
  writer.ones(2)
  assert.equal(writer.bytes.toString('hex'), '01020403feffffff010203040506ffff')
})

test('nothing written before a reset remains, as it may have been a key', () => {
  const writer = new Writer(8)
  writer.copy(Buffer.from('secret'))
  const before = writer.bytes
  writer.reset()
  assert.equal(writer.length, 0)
  assert.deepEqual(before, Buffer.alloc(6))
})

test('the buffer that a larger one replaces is wiped', () => {
  const writer = new Writer(8)
  writer.copy(Buffer.from('secret'))
  const before = writer.bytes
  writer.copy(Buffer.alloc(100, 1))
  assert.deepEqual(before, Buffer.alloc(6))
  assert.equal(writer.bytes.toString('latin1', 0, 6), 'secret')
})
