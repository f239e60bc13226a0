import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDone, readError } from './acknowledgement.ts'
import { Writer } from './writer.ts'

const CAPPED = 0x100
const TLVS = 0x200
const ENODEV = 19

/** struct nlmsgerr for a request of `payload` bytes, which is repeated unless the answer is capped. */
function answer(errno: number, payload: number, capped: boolean, text?: string): Buffer {
  const writer = new Writer()
  writer.u32(-errno)
  writer.u32(16 + payload)
  writer.zero(12)
  if (!capped) writer.zero((payload + 3) & ~3)
  if (text) writer.attributeString(1, text)
  return Buffer.from(writer.bytes)
}

test('an acknowledgement of success has no errno and no text', () => {
  assert.deepEqual(readError(answer(0, 32, true), CAPPED), { errno: 0, extended: undefined })
})

for (const capped of [true, false])
  test(`the kernel's text is found ${capped ? 'after a capped' : 'after a repeated'} request`, () => {
    const flags = TLVS | (capped ? CAPPED : 0)
    assert.deepEqual(readError(answer(ENODEV, 30, capped, 'no such device'), flags), {
      errno: ENODEV,
      extended: 'no such device',
    })
  })

test('text that is not announced is not looked for', () => {
  assert.equal(readError(answer(ENODEV, 30, true, 'ignored'), CAPPED).extended, undefined)
})

test('a dump that failed on its way says so at its end', () => {
  const writer = new Writer()
  writer.u32(-ENODEV)
  writer.attributeString(1, 'gone')
  assert.deepEqual(readDone(writer.bytes, TLVS), { errno: ENODEV, extended: 'gone' })
  assert.deepEqual(readDone(Buffer.alloc(0), 0), { errno: 0, extended: undefined })
})
