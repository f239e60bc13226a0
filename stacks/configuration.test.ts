import assert from 'node:assert/strict'
import test from 'node:test'
import { Problem } from '../lab/problem.ts'
import { flag, oneOf, readAll, wholeNumber } from './configuration.ts'

test('all mistakes are told at once, each with its property, its value and what is allowed', () => {
  assert.throws(
    () =>
      readAll((mistakes) => {
        flag('strict', 'yes', true, mistakes)
        wholeNumber('workers', '-1', { fallback: 1, least: 0, most: 20 }, mistakes)
        oneOf('suite', 'rot13', ['aes-gcm-128', 'aes-gcm-256'], 'aes-gcm-128', mistakes)
      }),
    (error) => {
      assert.ok(error instanceof Problem)
      assert.equal(error.exitCode, 2)
      assert.deepEqual(error.message.split('\n'), [
        'wireproof:strict must be true or false; it is "yes"',
        'wireproof:workers must be a whole number from 0 to 20; it is "-1"',
        'wireproof:suite must be one of aes-gcm-128, aes-gcm-256; it is "rot13"',
      ])
      return true
    },
  )
})

test('what is not set is what it is without a word', () => {
  const mistakes: string[] = []
  assert.equal(flag('strict', undefined, true, mistakes), true)
  assert.equal(flag('strict', 'false', true, mistakes), false)
  assert.equal(oneOf('cluster', undefined, ['embedded', 'kind'], 'embedded', mistakes), 'embedded')
  assert.equal(wholeNumber('workers', '3', { fallback: 1, least: 0, most: 20 }, mistakes), 3)
  assert.deepEqual(mistakes, [])
})
