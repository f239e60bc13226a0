import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openObject, possibleCpus, update } from '../src/index.ts'
import { compile } from './compile.ts'

const bytes = compile()

function key(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

function value(number: bigint): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(number)
  return buffer
}

test('what is set is got, and deleted only once', () => {
  using object = openObject(bytes).load()
  const map = object.map('by_mark')
  assert.equal(map.get(key(7)), undefined)
  map.set(key(7), value(70n))
  assert.deepEqual(map.get(key(7)), value(70n))
  assert.equal(map.delete(key(7)), true)
  assert.equal(map.delete(key(7)), false)
  assert.equal(map.get(key(7)), undefined)
})

test('an update can demand that the entry is there, or is not', () => {
  using object = openObject(bytes).load()
  const map = object.map('by_mark')
  assert.throws(() => map.set(key(1), value(1n), update.exist), { code: 'ENOENT' })
  map.set(key(1), value(1n), update.noExist)
  assert.throws(() => map.set(key(1), value(2n), update.noExist), { code: 'EEXIST' })
})

test('many entries go in at once and all come out, each once', () => {
  using object = openObject(bytes, { mapSizes: { by_mark: 5000 } }).load()
  const map = object.map('by_mark')
  const numbers = Array.from({ length: 5000 }, (_, i) => i)
  map.setMany(
    numbers.map(key),
    numbers.map((number) => value(BigInt(number * 3))),
  )
  const found = new Map([...map.entries()].map(([k, v]) => [k.readUInt32LE(), v.readBigUInt64LE()]))
  assert.equal(found.size, 5000)
  for (const number of numbers) assert.equal(found.get(number), BigInt(number * 3))
})

test('a batch that does not fit says how far it came', () => {
  using object = openObject(bytes, { mapSizes: { by_mark: 2 } }).load()
  const map = object.map('by_mark')
  const numbers = [1, 2, 3]
  assert.throws(
    () =>
      map.setMany(
        numbers.map(key),
        numbers.map((number) => value(BigInt(number))),
      ),
    {
      code: 'E2BIG',
      message: /entry 2 of 3/,
    },
  )
  assert.equal([...map.entries()].length, 2)
})

test('per-CPU values are read unpadded, one for each possible CPU', () => {
  using object = openObject(bytes).load()
  object.program('count').testRun({ data: Buffer.alloc(60) })
  const map = object.map('per_cpu')
  assert.equal(map.valueSize, 12)
  const values = map.getPerCpu(key(1))!
  assert.equal(values.length, possibleCpus())
  assert.deepEqual(
    values.map((sums) => sums.length),
    values.map(() => 12),
  )
  assert.equal(
    values.reduce((packets, sums) => packets + sums.readUInt32LE(0), 0),
    1,
  )
  assert.equal(
    values.reduce((length, sums) => length + sums.readUInt32LE(4), 0),
    60,
  )
  assert.deepEqual(
    [...map.entriesPerCpu()].map(([k, all]) => [k.readUInt32LE(), all.length]),
    [
      [0, possibleCpus()],
      [1, possibleCpus()],
    ],
  )
})

test('what is cleared is gone, or zero where entries are always there', () => {
  using object = openObject(bytes, { mapSizes: { by_mark: 5000 } }).load()
  object.program('count').testRun({ data: Buffer.alloc(60) })
  const map = object.map('by_mark')
  const numbers = Array.from({ length: 5000 }, (_, i) => i)
  map.setMany(
    numbers.map(key),
    numbers.map((number) => value(BigInt(number))),
  )
  map.clear()
  assert.deepEqual([...map.entries()], [])
  const perCpu = object.map('per_cpu')
  const sum = () => perCpu.getPerCpu(key(1))!.reduce((total, sums) => total + sums.readUInt32LE(0), 0)
  assert.equal(sum(), 1)
  perCpu.clear()
  assert.equal(sum(), 0)
})

test('the maps of an object are all that it has', () => {
  using object = openObject(bytes).load()
  const names = object.maps().map(({ name }) => name)
  for (const name of ['by_mark', 'per_cpu']) assert.ok(names.includes(name), names.join())
  assert.equal(new Set(names).size, names.length)
})

test('keys and values of another size never reach the kernel', () => {
  using object = openObject(bytes).load()
  const map = object.map('by_mark')
  assert.throws(() => map.get(Buffer.alloc(3)), RangeError)
  assert.throws(() => map.set(key(1), Buffer.alloc(7)), RangeError)
  assert.throws(() => map.delete(Buffer.alloc(8)), RangeError)
  assert.throws(() => map.setMany([key(1)], []), RangeError)
  assert.throws(() => map.setMany([key(1), Buffer.alloc(3)], [value(1n), value(1n)]), RangeError)
  assert.throws(() => map.getPerCpu(key(1)), TypeError)
  assert.throws(() => object.map('per_cpu').get(key(1)), TypeError)
})
