import assert from 'node:assert/strict'
import { test } from 'node:test'
import { largestNodeNumber, localNode } from '../kernel/datapath-layout.ts'
import { NodeNumbers } from './numbers.ts'

test('every node has a number of its own, and keeps it', () => {
  const numbers = new NodeNumbers()
  const [a, b] = [numbers.of('a'), numbers.of('b')]
  assert.ok(a > localNode && b > localNode && a !== b)
  assert.equal(numbers.of('a'), a)
  assert.equal(numbers.underlayOf(b), 'b')
})

test('a number found in the kernel is gone on with, unless it is taken or the node has another', () => {
  const numbers = new NodeNumbers()
  assert.equal(numbers.adopt(9, 'a'), true)
  assert.equal(numbers.adopt(9, 'a'), true)
  assert.equal(numbers.adopt(9, 'b'), false)
  assert.equal(numbers.adopt(10, 'a'), false)
  assert.equal(numbers.adopt(localNode, 'c'), false)
  assert.equal(numbers.of('b'), 10)
})

test('a number that was released is not the next to be given, but is given again before there are none', () => {
  const numbers = new NodeNumbers()
  const first = numbers.of('a')
  numbers.release(first)
  assert.notEqual(numbers.of('b'), first)
  numbers.adopt(largestNodeNumber, 'z')
  assert.equal(numbers.of('c'), first)
})
