import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missingParts } from './missing.mjs'

let root: string
const at = (path: string) => join(root, path)
const write = (path: string, text: string, second: number) => {
  writeFileSync(at(path), text)
  utimesSync(at(path), second, second)
}
const lock = (version: string) =>
  JSON.stringify({
    packages: { '': {}, 'node_modules/a': { version }, 'node_modules/b': { version: '9', optional: true } },
  })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'missing-test-'))
  for (const directory of ['node_modules', 'bpf/include']) mkdirSync(at(directory), { recursive: true })
  write('package-lock.json', lock('1'), 100)
  write(
    'node_modules/.package-lock.json',
    JSON.stringify({ packages: { 'node_modules/a': { version: '1' } } }),
    100,
  )
  write('bpf/datapath.c', '', 100)
  write('bpf/include/x.h', '', 100)
  write('bpf/datapath.o', '', 100)
})
afterEach(() => rmSync(root, { recursive: true }))

test('nothing is missing when everything is as asked for', () => {
  assert.equal(missingParts(root, []), undefined)
})

test('a lock file that npm wrote last is no reason to install again, another version is', () => {
  write('package-lock.json', lock('1'), 200)
  assert.equal(missingParts(root, []), undefined)
  write('package-lock.json', lock('2'), 200)
  assert.deepEqual(missingParts(root, []), { modules: true, datapath: false, packages: [] })
})

test('a header that is newer than the datapath has it compiled again', () => {
  write('bpf/include/x.h', '', 200)
  assert.deepEqual(missingParts(root, []), { modules: false, datapath: true, packages: [] })
})

test('an unknown verb is a mistake of use, said in one line', () => {
  const bootstrap = fileURLToPath(new URL('bootstrap.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [bootstrap, 'frobnicate'], { encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /^wireproof: nothing is called frobnicate; allowed: [^\n]*\n$/)
})
