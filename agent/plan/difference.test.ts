import assert from 'node:assert/strict'
import { test } from 'node:test'
import { difference, isEmpty } from './difference.ts'

interface Thing {
  readonly name: string
  readonly value: number
}

const compare = (desired: Thing[], present: Thing[]) =>
  difference<Thing, Thing>(
    desired,
    present,
    (thing) => thing.name,
    (a, b) => a.value === b.value,
  )

test('what is missing is added, what differs is changed, what is not desired is removed', () => {
  const a = { name: 'a', value: 1 }
  const b = { name: 'b', value: 1 }
  const c = { name: 'c', value: 1 }
  const other = { name: 'b', value: 2 }
  assert.deepEqual(compare([a, b], [other, c]), { add: [a], change: [{ from: other, to: b }], remove: [c] })
})

test('nothing is to be done when all is as desired', () => {
  const a = { name: 'a', value: 1 }
  assert.ok(isEmpty(compare([a], [{ ...a }])))
  assert.ok(!isEmpty(compare([a], [])))
  assert.ok(!isEmpty(compare([], [a])))
  assert.ok(!isEmpty(compare([a], [{ ...a, value: 2 }])))
})
