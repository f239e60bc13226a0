import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PacedSender } from './paced.ts'

test('less than a serial line buffers is under way, and all arrives in order', () => {
  const written: Buffer[] = []
  const sender = new PacedSender((bytes) => written.push(bytes))
  const data = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251))
  sender.send(data.subarray(0, 5))
  sender.send(data.subarray(5))
  const length = () => Buffer.concat(written).length
  assert.ok(length() > 0 && length() < 4096)
  for (let arrived = 0; arrived < data.length; ) {
    const underway = length() - arrived
    assert.ok(underway > 0 && underway < 4096)
    arrived += underway
    sender.arrived(underway)
  }
  assert.deepEqual(Buffer.concat(written), data)
})
