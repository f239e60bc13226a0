import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { explainXfrmError, xfrmErrors } from './xfrm-errors.ts'

test('the page about errors says what the command says', () => {
  const page = readFileSync(new URL('../../docs/xfrm-errors.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const expected = Object.entries(xfrmErrors).map(
    ([counter, { means, remedy }]) => `| \`${counter}\` | ${means} | ${remedy} |`,
  )
  assert.deepEqual(rows, expected)
})

test('a counter of a newer kernel is named all the same', () => {
  assert.match(explainXfrmError('XfrmInNovelty').remedy, /XfrmInNovelty/)
})
