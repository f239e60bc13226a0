import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type BpfObject, openObject, openRing, openRingInBatches, socketBuffer } from '../src/index.ts'
import { compile } from './compile.ts'

const bytes = compile()

function send(object: BpfObject, mark: number): void {
  object.program('count').testRun({ data: Buffer.alloc(60), context: socketBuffer({ mark }) })
}

function rethrow(error: Error): void {
  throw error
}

test('events come in order, without those the program discarded', () => {
  using object = openObject(bytes).load()
  const marks: number[] = []
  using ring = openRing(object.map('events'), (event) => marks.push(event.readUInt32LE()), rethrow)
  for (const mark of [11, 12, 13, 14]) send(object, mark)
  assert.equal(ring.consume(), 3)
  assert.deepEqual(marks, [11, 12, 14])
  assert.equal(ring.consume(), 0)
})

test('events come through the event loop as well', async () => {
  using object = openObject(bytes).load()
  const arrivals = new EventTarget()
  using _ring = openRing(
    object.map('events'),
    (event) => arrivals.dispatchEvent(new CustomEvent('event', { detail: event.readUInt32LE() })),
    rethrow,
  )
  const arrival = once(arrivals, 'event')
  send(object, 5)
  const [event] = (await arrival) as [CustomEvent<number>]
  assert.equal(event.detail, 5)
})

test('a ring goes round many times and loses nothing that is consumed in time', () => {
  using object = openObject(bytes).load()
  const marks: number[] = []
  using ring = openRing(object.map('events'), (event) => marks.push(event.readUInt32LE()), rethrow)
  const sent = Array.from({ length: 2000 }, (_, i) => i + 100)
  for (const mark of sent) {
    send(object, mark)
    // 4096 bytes hold 170 events of 24.
    if (mark % 100 === 0) ring.consume()
  }
  ring.consume()
  assert.deepEqual(marks, sent)
})

test('an event the receiver fails on does not stop those behind it', () => {
  using object = openObject(bytes).load()
  const marks: number[] = []
  const errors: string[] = []
  using ring = openRing(
    object.map('events'),
    (event) => {
      const mark = event.readUInt32LE()
      if (mark === 1) throw new Error('no ones')
      marks.push(mark)
    },
    (error) => errors.push(error.message),
  )
  for (const mark of [1, 2]) send(object, mark)
  ring.consume()
  assert.deepEqual([marks, errors], [[2], ['no ones']])
})

test('a ring may be closed by its receiver', () => {
  using object = openObject(bytes).load()
  let events = 0
  const ring = openRing(
    object.map('events'),
    () => {
      events++
      ring.close()
    },
    rethrow,
  )
  send(object, 1)
  send(object, 2)
  assert.equal(ring.consume(), 1)
  assert.equal(ring.consume(), 0)
  assert.equal(events, 1)
})

test('events come in batches, in order, without those the program discarded', () => {
  using object = openObject(bytes).load()
  const batches: number[][] = []
  using ring = openRingInBatches(
    object.map('events'),
    ({ count, bytes: memory, offsets, lengths }) => {
      batches.push(Array.from({ length: count }, (_, i) => memory.readUInt32LE(offsets[i])))
      assert.ok(lengths.subarray(0, count).every((length) => length === 12))
    },
    rethrow,
  )
  for (const mark of [11, 13, 12, 14]) send(object, mark)
  assert.equal(ring.consume(), 3)
  send(object, 13)
  assert.equal(ring.consume(), 0)
  for (let mark = 100; mark < 200; mark++) send(object, mark)
  assert.equal(ring.consume(), 100)
  send(object, 15)
  assert.equal(ring.consume(), 1)
  assert.deepEqual(batches, [[11, 12, 14], Array.from({ length: 100 }, (_, i) => 100 + i), [15]])
})

test('a batch the receiver fails on is over, and its room is free again', () => {
  using object = openObject(bytes).load()
  const errors: string[] = []
  let seen = 0
  using ring = openRingInBatches(
    object.map('events'),
    ({ count }) => {
      if (seen === 0) {
        seen = count
        throw new Error('not today')
      }
      seen += count
    },
    (error) => errors.push(error.message),
  )
  for (const mark of [1, 2]) send(object, mark)
  assert.equal(ring.consume(), 2)
  // 4096 bytes hold 170 events of 24: more than fit if the failed ones had stayed.
  for (let mark = 0; mark < 170; mark++) send(object, mark + 20)
  assert.equal(ring.consume(), 170)
  assert.deepEqual([seen, errors], [172, ['not today']])
})

test('a ring may be closed by the receiver of a batch', () => {
  using object = openObject(bytes).load()
  const ring = openRingInBatches(object.map('events'), () => ring.close(), rethrow)
  send(object, 1)
  assert.equal(ring.consume(), 1)
  assert.equal(ring.consume(), 0)
})
