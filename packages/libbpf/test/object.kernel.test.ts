import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BpfError, markOf, openObject, socketBuffer } from '../src/index.ts'
import { compile } from './compile.ts'

const bytes = compile()
const frame = Buffer.alloc(60)

test('a program runs on a test packet, and its return value and mark come back', () => {
  using object = openObject(bytes).load()
  const { retval, context, data } = object
    .program('count')
    .testRun({ data: frame, context: socketBuffer({ mark: 21 }) })
  assert.equal(retval, 0)
  assert.equal(markOf(context!), 42)
  assert.deepEqual(data, frame)
})

test('repeated runs are counted and timed', () => {
  using object = openObject(bytes).load()
  const { durationNs } = object.program('count').testRun({ data: frame, repeat: 1000 })
  assert.ok(durationNs > 0 && durationNs < 1e6)
  const key = Buffer.alloc(4)
  assert.equal(object.map('by_mark').get(key)!.readBigUInt64LE() > 0n, true)
})

test('the verifier says how much it had to look at', () => {
  using object = openObject(bytes).load()
  const verified = object.program('count').verifiedInstructions
  assert.ok(verified > 20 && verified < 1000, `${verified}`)
})

test('rodata is replaced before loading', () => {
  const rodata = Buffer.alloc(4)
  rodata.writeUInt32LE(2)
  using object = openObject(bytes, { rodata }).load()
  assert.equal(object.program('count').testRun({ data: frame }).retval, 2)
  assert.throws(() => openObject(bytes, { rodata: Buffer.alloc(400) }), BpfError)
})

test('a map can be made smaller than the object says, and then fills up sooner', () => {
  using object = openObject(bytes, { mapSizes: { by_mark: 1 } }).load()
  const map = object.map('by_mark')
  assert.equal(map.maxEntries, 1)
  const value = Buffer.alloc(8)
  map.set(Buffer.from([1, 0, 0, 0]), value)
  assert.throws(() => map.set(Buffer.from([2, 0, 0, 0]), value), { code: 'E2BIG' })
})

const adopting = (programId: number) => ({ adopt: { maps: ['by_mark'], programId } })
const key = Buffer.from([7, 0, 0, 0])

test('a map of a program in the kernel is gone on with, by both', () => {
  using first = openObject(bytes).load()
  first.map('by_mark').set(key, Buffer.alloc(8, 1))
  using second = openObject(bytes, adopting(first.program('count').id)).load()
  assert.deepEqual(second.map('by_mark').get(key), Buffer.alloc(8, 1))
  second.map('by_mark').set(key, Buffer.alloc(8, 2))
  assert.deepEqual(first.map('by_mark').get(key), Buffer.alloc(8, 2))
})

test('a map of another shape begins empty, as does one of a program that has none of the name', () => {
  using smaller = openObject(bytes, { mapSizes: { by_mark: 3 } }).load()
  smaller.map('by_mark').set(key, Buffer.alloc(8, 1))
  using second = openObject(bytes, adopting(smaller.program('count').id)).load()
  assert.equal(second.map('by_mark').get(key), undefined)
})

test('a program that is not there is named', () => {
  assert.throws(() => openObject(bytes, adopting(0x7fff_fff0)), { code: 'ENOENT' })
})

test('a program the verifier rejects says why', () => {
  const rejected = openObject(compile('-DREJECTED'))
  assert.throws(
    () => rejected.load(),
    (error: BpfError) => {
      assert.equal(error.code, 'EACCES')
      assert.match(error.log!, /invalid access to packet/)
      assert.ok(error.log!.split('\n').length <= 30)
      return true
    },
  )
})

test('what is not there and what is no object is named', () => {
  assert.throws(() => openObject(Buffer.from('no ELF file')), { code: /^LIBBPF_/ })
  assert.throws(() => openObject(bytes, { mapSizes: { absent: 1 } }), { code: 'ENOENT', message: /absent/ })
  using object = openObject(bytes).load()
  assert.throws(() => object.program('absent'), { code: 'ENOENT', message: /absent/ })
  assert.throws(() => object.map('absent'), { code: 'ENOENT', message: /absent/ })
})

test('nothing of a closed object can be used', () => {
  const object = openObject(bytes).load()
  const map = object.map('by_mark')
  const program = object.program('count')
  object.close()
  object.close()
  assert.throws(() => map.get(Buffer.alloc(4)), /closed/)
  assert.throws(() => program.testRun({ data: frame }), /closed/)
  assert.throws(() => object.map('by_mark'), /closed/)
})
