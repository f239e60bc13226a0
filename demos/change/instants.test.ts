import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantsFrom } from './instants.ts'

test('the same seed gives the same instants, another others, all of them within what was asked', () => {
  const draw = (seed?: string) => {
    const instants = instantsFrom(seed)
    return Array.from({ length: 100 }, () => instants.next(1000))
  }
  assert.deepEqual(draw('one'), draw('one'))
  assert.notDeepEqual(draw('one'), draw('another'))
  assert.notDeepEqual(draw(), draw())
  const drawn = draw('one')
  assert.ok(drawn.every((each) => Number.isInteger(each) && each >= 0 && each < 1000))
  assert.ok(Math.max(...drawn) > 800 && Math.min(...drawn) < 200)
})
