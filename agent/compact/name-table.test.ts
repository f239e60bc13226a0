import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NameTable } from './name-table.ts'
import { NumbersByName } from './numbers-by-name.ts'

/** Few enough that the same name comes and goes, of letters of one byte and of more. */
const name = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((number) => `p${number}`),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }).filter((text) => text.isWellFormed()),
)
const changes = fc.array(fc.record({ name, comes: fc.boolean() }), { maxLength: 300 })

test('whatever comes and goes, each name that is there has a row of its own, which stays its own', () => {
  fc.assert(
    fc.property(changes, (changes) => {
      const table = new NameTable()
      const rows = new Map<string, number>()
      for (const { name, comes } of changes) {
        if (comes) {
          const row = table.add(name)
          assert.equal(row, rows.get(name) ?? row)
          rows.set(name, row)
        } else if (rows.has(name)) {
          table.delete(rows.get(name)!)
          rows.delete(name)
        }
        assert.equal(table.rowOf(name), rows.get(name) ?? -1)
      }
      assert.equal(table.size, rows.size)
      assert.deepEqual(Array.from(table, (row) => [table.nameAt(row), row]).sort(), [...rows].sort())
      assert.equal(new Set(rows.values()).size, rows.size)
      assert.ok([...rows.values()].every((row) => row < table.rows))
    }),
  )
})

test('numbers by name are those of a Map', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.option(fc.double()))), (changes) => {
      const [numbers, map] = [new NumbersByName(), new Map<string, number>()]
      for (const [name, number] of changes) {
        if (number === null) assert.equal(numbers.delete(name), map.delete(name))
        else {
          numbers.set(name, number)
          map.set(name, number)
        }
        assert.equal(numbers.get(name), map.get(name))
      }
      assert.deepEqual([...numbers.keys()].sort(), [...map.keys()].sort())
    }),
  )
})

test('letters of names that have gone make room for those that come', () => {
  const table = new NameTable()
  for (let number = 0; number < 100_000; number++) {
    const row = table.add(`pod-with-a-long-name-${number}`)
    if (number >= 10) assert.equal(table.nameAt(row), `pod-with-a-long-name-${number}`)
    if (number >= 10) table.delete(table.rowOf(`pod-with-a-long-name-${number - 10}`))
  }
  assert.deepEqual([table.size, table.rows], [10, 11])
})

test('no name is empty', () => {
  assert.throws(() => new NameTable().add(''), RangeError)
})
