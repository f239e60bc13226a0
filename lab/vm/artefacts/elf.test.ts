import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setInterpreter } from './elf.ts'

/** A header, one program header that names an interpreter in 28 bytes, and the name. */
function executable(): Buffer {
  const elf = Buffer.alloc(64 + 56 + 28)
  elf.writeUInt32BE(0x7f454c46, 0)
  elf[4] = 2
  elf[5] = 1
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  elf.writeUInt32LE(3, 64)
  elf.writeBigUInt64LE(120n, 72)
  elf.writeBigUInt64LE(28n, 96)
  elf.write('/lib64/ld-linux-x86-64.so.2', 120, 'latin1')
  return elf
}

test('another interpreter takes the place of the first, and nothing else changes', () => {
  const elf = executable()
  setInterpreter(elf, './ld.so')
  assert.equal(elf.toString('latin1', 120).replace(/\0+$/, ''), './ld.so')
  assert.deepEqual(elf.subarray(0, 120), executable().subarray(0, 120))
})

test('a name that does not fit, a static executable and another file are refused', () => {
  assert.throws(() => setInterpreter(executable(), 'x'.repeat(28)), /no room/)
  const still = executable()
  still.writeUInt32LE(1, 64)
  assert.throws(() => setInterpreter(still, 'x'), /static/)
  assert.throws(() => setInterpreter(Buffer.from('#!/bin/sh'), 'x'), /not a 64-bit/)
})
