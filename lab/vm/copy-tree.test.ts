import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { copyRegularFiles } from './copy-tree.ts'

const scratch = mkdtempSync(join(tmpdir(), 'copy-test-'))
after(() => rmSync(scratch, { recursive: true }))
const place = (name: string) => join(scratch, name)

test('files and directories are copied with their contents and modes, over what was there', async () => {
  mkdirSync(place('from/deep'), { recursive: true })
  writeFileSync(place('from/deep/file'), 'new', { mode: 0o750 })
  writeFileSync(place('from/empty'), '')
  mkdirSync(place('to/deep'), { recursive: true })
  writeFileSync(place('to/deep/file'), 'older and longer')
  writeFileSync(place('to/kept'), 'kept')
  assert.deepEqual(await copyRegularFiles(place('from'), place('to')), [])
  assert.equal(readFileSync(place('to/deep/file'), 'utf8'), 'new')
  assert.equal(readFileSync(place('to/kept'), 'utf8'), 'kept')
  assert.equal(statSync(place('to/empty')).size, 0)
})

test('links are neither copied nor followed, on either side', async () => {
  mkdirSync(place('hostile'))
  mkdirSync(place('outside'))
  writeFileSync(place('secret'), 'secret')
  symlinkSync(place('secret'), place('hostile/link'))
  symlinkSync(place('outside'), place('hostile/directory'))
  mkdirSync(place('target'))
  assert.deepEqual((await copyRegularFiles(place('hostile'), place('target'))).sort(), ['directory', 'link'])
  assert.ok(!existsSync(place('target/link')))
  mkdirSync(place('honest/sub'), { recursive: true })
  writeFileSync(place('honest/sub/file'), 'x')
  mkdirSync(place('trap'))
  symlinkSync(place('outside'), place('trap/sub'))
  await assert.rejects(copyRegularFiles(place('honest'), place('trap')), { code: 'ENOTDIR' })
  assert.ok(!existsSync(place('outside/file')))
})

test('nothing written is nothing to copy', async () => {
  assert.deepEqual(await copyRegularFiles(place('absent'), place('nowhere')), [])
  assert.ok(!existsSync(place('nowhere')))
})
