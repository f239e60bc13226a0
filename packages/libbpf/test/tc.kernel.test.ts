import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { attachedTc, attachTc, type BpfObject, detachTc, features, openObject } from '../src/index.ts'
import { compile } from './compile.ts'

const bytes = compile()
// The loopback device. A priority of our own leaves others' filters alone.
const place = { device: 1, direction: 'ingress', priority: 4711 } as const

async function sendOverLoopback(): Promise<void> {
  await using receiver = createSocket('udp4')
  receiver.bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const received = once(receiver, 'message')
  await using sender = createSocket('udp4')
  sender.send('x', receiver.address().port, '127.0.0.1')
  await received
}

function counted(object: BpfObject): bigint {
  let packets = 0n
  for (const [, count] of object.map('by_mark').entries()) packets += count.readBigUInt64LE()
  return packets
}

test('an attached program sees packets, a replaced one no more, a detached one neither', async () => {
  using first = openObject(bytes).load()
  using second = openObject(bytes).load()
  assert.equal(attachedTc(place), undefined)
  try {
    attachTc(first.program('count'), place)
    await sendOverLoopback()
    const seen = counted(first)
    assert.ok(seen > 0n)

    const id = attachedTc(place)
    attachTc(second.program('count'), place)
    assert.notEqual(attachedTc(place), id)
    const atSwap = counted(first)
    await sendOverLoopback()
    assert.equal(counted(first), atSwap)
    assert.ok(counted(second) > 0n)

    assert.throws(() => attachTc(first.program('count'), { ...place, replace: false }), { code: 'EEXIST' })
  } finally {
    assert.equal(detachTc(place), true)
  }
  assert.equal(detachTc(place), false)
  const atEnd = counted(second)
  await sendOverLoopback()
  assert.equal(counted(second), atEnd)
})

test('a program stays attached when its object is closed', () => {
  const object = openObject(bytes).load()
  try {
    attachTc(object.program('count'), place)
    object.close()
    assert.notEqual(attachedTc(place), undefined)
  } finally {
    detachTc(place)
  }
  assert.equal(attachedTc(place), undefined)
})

test('a device that is not there is named', () => {
  using object = openObject(bytes).load()
  assert.throws(() => attachTc(object.program('count'), { ...place, device: 999_999 }), {
    code: 'ENODEV',
    message: /device 999999/,
  })
})

test('this kernel has what tc programs with ring buffers need', () => {
  const { bpf, missing, problem } = features()
  assert.deepEqual([bpf, missing, problem], [true, [], undefined])
})
