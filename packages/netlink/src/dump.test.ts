import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectDump } from './dump.ts'
import type { Message } from './reader.ts'

const INTERRUPTED = 0x10
const object = (sequence: number, flags = 2): Message => ({
  type: 16,
  flags,
  sequence,
  port: 0,
  payload: Buffer.alloc(16),
})
const done = (sequence: number, flags = 2): Message => ({
  type: 3,
  flags,
  sequence,
  port: 0,
  payload: Buffer.alloc(4),
})

function collect(datagrams: readonly (readonly Message[])[], sequence = 7) {
  const left = [...datagrams]
  const dump = collectDump(
    () => left.shift()!,
    sequence,
    (message) => (message.type === 16 ? message : undefined),
  )
  return { ...dump, unread: left.length }
}

test('a dump of many datagrams is read to its end and no further', () => {
  const { items, interrupted, errno, unread } = collect([
    [object(7), { ...object(7), type: 17 }, object(7)],
    [object(7), done(7)],
    [object(8)],
  ])
  assert.deepEqual([items.length, interrupted, errno, unread], [3, false, 0, 1])
})

test('answers to an earlier request are not taken for this one', () => {
  const { items } = collect([[object(6), done(6)], [object(7)], [done(7)]])
  assert.equal(items.length, 1)
})

test('an interruption is seen wherever the kernel says so, and the rest is still read', () => {
  for (const datagrams of [
    [[object(7, 2 | INTERRUPTED)], [object(7), done(7)]],
    [[object(7)], [done(7, 2 | INTERRUPTED)]],
  ]) {
    const { interrupted, unread } = collect(datagrams)
    assert.deepEqual([interrupted, unread], [true, 0])
  }
})

test('a dump that is refused, at once or on its way, carries the errno', () => {
  const refusal = Buffer.alloc(20)
  refusal.writeInt32LE(-1)
  assert.equal(collect([[{ type: 2, flags: 0x100, sequence: 7, port: 0, payload: refusal }]]).errno, 1)
  const failure = Buffer.alloc(4)
  failure.writeInt32LE(-105)
  const { errno, items } = collect([
    [object(7), { type: 3, flags: 2, sequence: 7, port: 0, payload: failure }],
  ])
  assert.deepEqual([errno, items.length], [105, 1])
})
