import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EspSa, Opened } from 'tcpdump-parse'
import { fullSequence, isWithin } from './sequence.ts'

const whole = 1n << 32n
const shut = (sequence: number): Opened => ({ ok: false, spi: 1, sequence, reason: 'bad-icv' })
const open = (sequenceHigh: number, sequence: number): Opened => ({
  ok: true,
  sa: {} as EspSa,
  spi: 1,
  sequence,
  sequenceHigh,
  iv: Buffer.alloc(0),
  nextHeader: 4,
  inner: Buffer.alloc(0),
})

test('an extended number has the half that was authenticated above the one that was sent', () => {
  assert.equal(fullSequence(open(2, 5)), 2n * whole + 5n)
  assert.equal(fullSequence(shut(5)), 5n)
})

test('a packet that opened is within the range by all its bits', () => {
  const range = { above: whole - 2n, upTo: whole + 1n }
  assert.deepEqual(
    [open(0, 2 ** 32 - 2), open(0, 2 ** 32 - 1), open(1, 0), open(1, 1), open(1, 2), open(0, 1)].map((each) =>
      isWithin(each, range),
    ),
    [false, true, true, true, false, false],
  )
})

test('a packet that did not open is within the range where some upper half puts it there', () => {
  const range = { above: 3n * whole - 2n, upTo: 3n * whole + 1n }
  assert.deepEqual(
    [2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2].map((low) => isWithin(shut(low), range)),
    [false, true, true, true, false],
  )
  assert.equal(isWithin(shut(7), { above: 6n, upTo: 7n }), true)
  assert.equal(isWithin(shut(7), { above: 7n, upTo: 8n }), false)
  assert.equal(isWithin(shut(7), { above: 0n, upTo: 6n }), false)
  assert.equal(isWithin(shut(7), { above: 7n, upTo: 7n }), false, 'nothing is within nothing')
})
