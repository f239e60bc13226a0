import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whileOutOfReserve } from './patience.ts'

/** A map that is out of reserve so many times. */
function map(refusals: number, code = 'ENOMEM') {
  let calls = 0
  return {
    calls: () => calls,
    write() {
      if (++calls <= refusals) throw Object.assign(new Error(code), { code })
    },
  }
}

test('a write is tried again while the reserve is being refilled', () => {
  const { write, calls } = map(3)
  let waited = 0
  whileOutOfReserve(write, (milliseconds) => (waited += milliseconds))
  assert.equal(calls(), 4)
  assert.ok(waited > 0)
})

test('memory that does not come is an error in the end, and another error is one at once', () => {
  assert.throws(() => whileOutOfReserve(map(Number.POSITIVE_INFINITY).write, () => {}), { code: 'ENOMEM' })
  const { write, calls } = map(1, 'ENOSPC')
  assert.throws(() => whileOutOfReserve(write, () => {}), { code: 'ENOSPC' })
  assert.equal(calls(), 1)
})
