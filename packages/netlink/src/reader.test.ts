import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAttributes, readMessages, readString } from './reader.ts'

const header = (length: number) => {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(length)
  return bytes
}

for (const [what, data] of [
  ['longer than the data', header(17)],
  ['shorter than its header', header(15)],
  ['of zero', header(0)],
  ['cut off in its header', header(16).subarray(0, 10)],
] as const)
  test(`a message ${what} is refused, not read past its end`, () => {
    assert.throws(() => readMessages(data), /claims a length of/)
  })

for (const hex of ['0300010000000000', '0900010000000000', '0000000000000000'])
  test(`an attribute with a false length (${hex}) is refused`, () => {
    assert.throws(() => readAttributes(Buffer.from(hex, 'hex')), /claims a length of/)
  })

test('flags above the type of an attribute are no part of the type', () => {
  assert.deepEqual([...readAttributes(Buffer.from('0500018009000000', 'hex'))], [[1, Buffer.from([9])]])
})

test('of an attribute that occurs twice the last counts', () => {
  const attributes = readAttributes(Buffer.from('05000100010000000500010002000000', 'hex'))
  assert.deepEqual([...attributes], [[1, Buffer.from([2])]])
})

test('text ends at its NUL, or where the bytes end', () => {
  assert.equal(readString(Buffer.from('eth0\0junk')), 'eth0')
  assert.equal(readString(Buffer.from('eth0')), 'eth0')
})
