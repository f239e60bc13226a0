import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrame, FrameReader, frameKind } from './frames.ts'

test('frames come out whole however the line cuts them', () => {
  const sent = [
    encodeFrame(frameKind.stdout, 7, 'hello'),
    encodeFrame(frameKind.pong, 0),
    encodeFrame(frameKind.exit, 9, '{}'),
  ]
  const bytes = Buffer.concat(sent)
  for (const step of [1, 2, 5, 9, bytes.length]) {
    const reader = new FrameReader()
    const frames = []
    for (let at = 0; at < bytes.length; at += step) frames.push(...reader.push(bytes.subarray(at, at + step)))
    assert.deepEqual(
      frames.map(({ kind, command, payload }) => [kind, command, payload.toString()]),
      [
        [frameKind.stdout, 7, 'hello'],
        [frameKind.pong, 0, ''],
        [frameKind.exit, 9, '{}'],
      ],
    )
  }
})

test('a line that is out of step is noticed', () => {
  assert.throws(() => new FrameReader().push(Buffer.from('not a frame at all')), /out of step/)
})
