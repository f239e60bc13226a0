import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { quote } from './shell-quote.ts'

test('a shell reads back what was quoted', () => {
  for (const word of ['plain', '', "it's", 'a b', '$HOME `id` "x" \\', 'two\nlines', '*?[!]~']) {
    assert.equal(execFileSync('sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' }), word)
  }
})
