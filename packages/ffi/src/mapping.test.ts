import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Mapping } from './mapping.ts'

const PAGE = 4096

function openFile(context: TestContext): { file: string; fd: number } {
  const directory = mkdtempSync(join(tmpdir(), 'ffi-test-'))
  const file = join(directory, 'two-pages')
  writeFileSync(file, Buffer.concat([Buffer.alloc(PAGE, 'a'), Buffer.alloc(PAGE, 'b')]))
  const fd = openSync(file, 'r+')
  context.after(() => {
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  return { file, fd }
}

test('what others write is seen in place, from the offset that was asked for', (context) => {
  const { fd } = openFile(context)
  using mapping = new Mapping(fd, PAGE, PAGE)
  const bytes = Buffer.from(mapping.bytes)
  assert.equal(bytes.length, PAGE)
  assert.equal(bytes.toString('latin1', 0, 2), 'bb')
  writeSync(fd, 'c', PAGE)
  assert.equal(bytes.toString('latin1', 0, 2), 'cb')
})

test('what is written to a writable mapping reaches the file', (context) => {
  const { file, fd } = openFile(context)
  using mapping = new Mapping(fd, 0, PAGE, { writable: true })
  new Uint8Array(mapping.bytes)[1] = 0x7a
  assert.equal(readFileSync(file, 'latin1').slice(0, 3), 'aza')
})

test('after close there is nothing to read, neither in the mapping nor in views taken before', (context) => {
  const { fd } = openFile(context)
  const mapping = new Mapping(fd, 0, PAGE)
  const view = new Uint8Array(mapping.bytes)
  assert.equal(view.length, PAGE)
  mapping.close()
  mapping.close()
  assert.equal(view.length, 0)
  assert.throws(() => mapping.bytes, /closed/)
})

test('a mapping that the kernel refuses is an error with its errno', (context) => {
  const { fd } = openFile(context)
  assert.throws(() => new Mapping(-1, 0, PAGE), { code: 'EBADF', syscall: 'mmap' })
  assert.throws(() => new Mapping(fd, 1, PAGE), { code: 'EINVAL' })
  assert.throws(() => new Mapping(fd, 0, 0), { code: 'EINVAL' })
})
