import assert from 'node:assert/strict'
import { Frame } from '../../src/frame/frame.ts'
import type { Tally } from './tally.ts'

/** All that a frame can be asked for: what is added to it later, too. */
const fields = Object.entries(Object.getOwnPropertyDescriptors(Frame.prototype))
  .filter(([name, { get }]) => get && name !== 'inner')
  .map(([name]) => name as keyof Frame)

/** Frames within frames that are looked at closely; those further in are only walked through. */
const CLOSELY = 16

/** Asks a frame, and each frame within it, for everything, and holds what it says against what must be so. */
export function touchFrame(outermost: Frame, tally: Tally): void {
  let depth = 0
  for (let frame: Frame | undefined = outermost; frame; frame = frame.inner) {
    if (depth++ < CLOSELY) touch(frame, tally)
  }
  if (depth > 1) tally.add('header', 'inner')
}

function touch(frame: Frame, tally: Tally): void {
  for (const field of fields) {
    const value = frame[field]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    checkBuffers(value, frame.data)
    if (field !== 'problem' && field !== 'payload') tally.add('header', field)
  }
  const { problem, data, payload, ip, esp } = frame
  for (const part of [payload, ip, esp?.data]) part?.at(-1)
  if (!problem) return
  tally.add('frame', problem.code)
  assert.ok(
    problem.offset >= 0 && problem.offset <= data.length,
    `a problem at ${problem.offset} of ${data.length}`,
  )
  assert.ok(problem.message.length > 0)
}

/** Every buffer, at whatever depth, is a part of the frame's. */
function checkBuffers(value: unknown, data: Buffer): void {
  if (typeof value !== 'object' || value === null) return
  if (!Buffer.isBuffer(value)) {
    for (const each of Object.values(value)) checkBuffers(each, data)
    return
  }
  const start = value.byteOffset - data.byteOffset
  assert.ok(value.length === 0 || value.buffer === data.buffer, 'bytes that are not of the frame')
  assert.ok(
    value.length === 0 || (start >= 0 && start + value.length <= data.length),
    'bytes beyond the frame',
  )
}
