import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeySince } from './key-since.ts'

const at = (second: string) => `2026-11-25T10:00:${second}.000Z`

test('a key is as old as its first associations, also when they are gone', () => {
  const since = new KeySince()
  assert.deepEqual(since.of({ id: 3 }), { id: 3 })
  assert.deepEqual(since.of({ id: 3, since: at('01') }), { id: 3, since: at('01') })
  assert.deepEqual(since.of({ id: 3, since: at('30') }), { id: 3, since: at('01') })
  assert.deepEqual(since.of({ id: 4, since: at('40') }), { id: 4, since: at('40') })
})

test('a clock that is set takes the beginning with it, so that the age stays', () => {
  const since = new KeySince()
  since.of({ id: 3, since: at('01') })
  since.clockSet(20_000)
  assert.deepEqual(since.of({ id: 3, since: at('01') }), { id: 3, since: at('21') })
  new KeySince().clockSet(1000)
})
