import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whileModulesLoad, whileOutOfReserve } from './patience.ts'

/** A kernel that refuses a write so many times. */
function refusing(refusals: number, code = 'ENOMEM') {
  let calls = 0
  return {
    calls: () => calls,
    write() {
      if (++calls <= refusals) throw Object.assign(new Error(code), { code })
    },
  }
}

test('a write is tried again while the reserve is being refilled', () => {
  const { write, calls } = refusing(3)
  let waited = 0
  whileOutOfReserve(write, (milliseconds) => (waited += milliseconds))
  assert.equal(calls(), 4)
  assert.ok(waited > 0)
})

test('memory that does not come is an error in the end, and another error is one at once', () => {
  assert.throws(() => whileOutOfReserve(refusing(Number.POSITIVE_INFINITY).write, () => {}), {
    code: 'ENOMEM',
  })
  const { write, calls } = refusing(1, 'ENOSPC')
  assert.throws(() => whileOutOfReserve(write, () => {}), { code: 'ENOSPC' })
  assert.equal(calls(), 1)
})

test('what a module may bring is asked for again while it may be loading, and anything else is an error at once', () => {
  for (const code of ['EPROTONOSUPPORT', 'ENOSYS', 'ENOENT']) {
    const { write, calls } = refusing(3, code)
    whileModulesLoad(write, () => {})
    assert.equal(calls(), 4)
    let waited = 0
    const never = refusing(Number.POSITIVE_INFINITY, code).write
    assert.throws(() => whileModulesLoad(never, (milliseconds) => (waited += milliseconds)), { code })
    assert.ok(waited >= 1000 && waited <= 2000)
  }
  const { write, calls } = refusing(1, 'EPERM')
  assert.throws(() => whileModulesLoad(write, () => {}), { code: 'EPERM' })
  assert.equal(calls(), 1)
})
