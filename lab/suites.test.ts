import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newClusterKey, nextKeyId, suiteNames, suiteOfClusterKey } from './suites.ts'

test('a cluster key tells what it is for', () => {
  for (const name of suiteNames) assert.equal(suiteOfClusterKey(newClusterKey(7, name)), name)
  assert.equal(suiteOfClusterKey('3+ rfc4543(gcm(aes)) 00 128'), undefined)
})

test('no key is made twice', () => {
  for (const name of suiteNames) assert.notEqual(newClusterKey(3, name), newClusterKey(3, name))
})

test('key ids go round, and are never 0', () => {
  assert.equal(nextKeyId(newClusterKey(3, 'aes-gcm-128')), 4)
  assert.equal(nextKeyId('15+ x'), 1)
})
