import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

test('the example in the README runs and prints what it says', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!
  const output = /prints\n\n```\n(.*?)```/s.exec(readme)![1]!
  const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
  try {
    const script = join(directory, 'example.ts')
    const from = JSON.stringify(new URL('./index.ts', import.meta.url).href)
    writeFileSync(script, code.replace("'tcpdump-parse'", from))
    assert.equal(execFileSync(process.execPath, [script], { cwd: directory, encoding: 'utf8' }), output)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
