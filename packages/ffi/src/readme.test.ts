import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { test } from 'node:test'

test('the example in the README runs and does what it says', () => {
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(
    readFileSync(new URL('../README.md', import.meta.url), 'utf8'),
  )!
  const output = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', example!], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  })
  assert.deepEqual(output.trim().split('\n'), [
    `this is ${hostname()}`,
    'close: EBADF (no descriptor at all)',
    'tick 1',
    'tick 2',
    'tick 3',
  ])
})
