import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pieces } from './pieces.ts'

const runs = (pieces: Pieces): string[] => [...pieces.runs()].map(({ offset, bytes }) => `${offset}:${bytes}`)

test('pieces in any order become runs, with the gaps between them', () => {
  const pieces = new Pieces()
  for (const [offset, text] of [
    [6, 'ghi'],
    [0, 'abc'],
    [20, 'u'],
    [3, 'def'],
    [-3, 'xyz'],
  ] as const)
    assert.deepEqual(pieces.add(offset, Buffer.from(text)), { repeated: 0, disagreement: undefined })
  assert.deepEqual(runs(pieces), ['-3:xyzabcdefghi', '20:u'])
  assert.equal(pieces.size, 13)
  assert.equal(pieces.end, 21)
})

test('of bytes that come again the first stay, and a disagreement is told by its place', () => {
  const pieces = new Pieces()
  pieces.add(2, Buffer.from('cd'))
  pieces.add(6, Buffer.from('gh'))
  assert.deepEqual(pieces.add(0, Buffer.from('abcdefGhij')), { repeated: 4, disagreement: 6 })
  assert.deepEqual(runs(pieces), ['0:abcdefghij'])
  assert.deepEqual(pieces.add(3, Buffer.from('def')), { repeated: 3, disagreement: undefined })
  assert.deepEqual(pieces.add(8, Buffer.from('iJ')), { repeated: 2, disagreement: 9 })
  assert.equal(pieces.size, 10)
})

test('what is added is copied', () => {
  const pieces = new Pieces()
  const bytes = Buffer.from('abc')
  pieces.add(0, bytes)
  bytes.fill(0)
  assert.deepEqual(runs(pieces), ['0:abc'])
})

test('whatever the pieces, the result is that of filling in what is missing byte by byte', () => {
  let state = 7
  const chance = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  for (let round = 0; round < 500; round++) {
    const pieces = new Pieces()
    const expected = new Map<number, number>()
    for (let i = 0; i < 12; i++) {
      const offset = chance(40)
      const bytes = Buffer.from(Array.from({ length: chance(12) }, () => 97 + chance(3)))
      let [repeated, disagreement] = [0, undefined as number | undefined]
      for (const [index, byte] of bytes.entries()) {
        const there = expected.get(offset + index)
        if (there === undefined) expected.set(offset + index, byte)
        else {
          repeated++
          if (there !== byte) disagreement ??= offset + index
        }
      }
      assert.deepEqual(pieces.add(offset, bytes), { repeated, disagreement })
    }
    const got = new Map<number, number>()
    for (const { offset, bytes } of pieces.runs())
      for (const [index, byte] of bytes.entries()) got.set(offset + index, byte)
    assert.deepEqual(
      new Map([...got].sort(([a], [b]) => a - b)),
      new Map([...expected].sort(([a], [b]) => a - b)),
    )
  }
})
