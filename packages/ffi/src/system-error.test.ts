import assert from 'node:assert/strict'
import { test } from 'node:test'
import { libc } from './libc.ts'
import { check, errnoName, SystemError } from './system-error.ts'

test('a refused call becomes an error that names the call, the errno and what it was about', () => {
  assert.throws(
    () => check('close', libc.close(-1), 'no descriptor'),
    (error) => {
      assert.ok(error instanceof SystemError)
      const { code, errno, syscall, message } = error
      assert.deepEqual(
        { code, errno, syscall, message },
        { code: 'EBADF', errno: 9, syscall: 'close', message: 'close: EBADF (no descriptor)' },
      )
      return true
    },
  )
})

test('what a call returns passes through', () => {
  assert.equal(check('call', 7), 7)
  assert.equal(check('call', 0), 0)
})

test('an errno without a name is shown as its number', () => {
  assert.equal(errnoName(2), 'ENOENT')
  assert.equal(errnoName(4095), 'errno 4095')
})
