import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from './address.ts'
import { load } from './library.ts'

test('a function is called by its prototype', () => {
  const { strlen } = load('libc.so.6', { strlen: 'size_t strlen(const char *text)' })
  assert.equal(Number(strlen('four')), 4)
})

test('a library that is not installed is named', () => {
  assert.throws(() => load('libnone.so.9', {}), /libnone\.so\.9/)
})

test('a function that a library does not have is named', () => {
  assert.throws(() => load('libc.so.6', { none: 'int no_such_function(int a)' }), /no_such_function/)
})

test('the address of a buffer is that of its first byte', () => {
  const buffer = Buffer.alloc(64)
  assert.equal(addressOf(buffer), addressOf(buffer))
  assert.equal(addressOf(buffer.subarray(5)) - addressOf(buffer), 5n)
})
