import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { listNamespaces } from './namespace.ts'

test('the example in the README runs, does what it says and leaves nothing behind', () => {
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(
    readFileSync(new URL('../README.md', import.meta.url), 'utf8'),
  )!
  const output = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', example!], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  })
  assert.match(output, /name: 'eth0'/)
  assert.match(output, /^200 policies$/m)
  assert.match(
    output,
    /^EEXIST - 2 of 2 requests failed; the first: cannot add policy out 10\.0\.0\.0\/24 -> 10\.1\.0\.0\/24/m,
  )
  assert.ok(!listNamespaces().some((name) => name.startsWith('readme-')))
})
