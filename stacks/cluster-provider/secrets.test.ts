import assert from 'node:assert/strict'
import test from 'node:test'
import { closed, opened } from './secrets.ts'

test('what was closed opens to what it was, and nothing else is closed', () => {
  const state = { key: 'rfc4106', keyId: 1, nested: { list: [1, null, 'two'] } }
  const shut = closed(state, ['key']) as unknown as { key: { value: string } }
  assert.equal(shut.key.value, 'rfc4106')
  assert.equal(Object.keys(shut.key).length, 2)
  assert.deepEqual(opened(shut), state)
})

test('a secret inside of something is found, and what is not there is no secret', () => {
  const { key } = closed({ key: 'x' }, ['key'])
  assert.deepEqual(opened({ of: [{ key }] }), { of: [{ key: 'x' }] })
  assert.deepEqual(closed({ key: undefined }, ['key']), { key: undefined })
})
