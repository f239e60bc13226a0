import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { scratch } from '../../setup/pulumi/scratch.ts'
import { type TarEntry, tarOf, withDirectories } from './tar.ts'

const long = `${'directory/'.repeat(12)}file`
const entries: TarEntry[] = [
  { type: 'file', name: 'bin/program', mode: 0o755, content: Buffer.from('a program') },
  { type: 'file', name: long, content: Buffer.from('deep') },
  { type: 'file', name: 'empty', content: Buffer.alloc(0) },
  { type: 'symlink', name: 'bin/other', target: 'program' },
  { type: 'symlink', name: 'far', target: long },
  { type: 'directory', name: 'tmp', mode: 0o1777 },
]

async function bytes(of: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of tarOf(of)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('tar itself unpacks what is written: names, long ones too, content, modes, links', async (t) => {
  const directory = scratch(t)
  const archive = join(directory, 'archive.tar')
  writeFileSync(archive, await bytes(withDirectories(entries)))
  const target = join(directory, 'unpacked')
  mkdirSync(target)
  const { status, stderr } = spawnSync('tar', ['-C', target, '-xpf', archive], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(readFileSync(join(target, 'bin/program'), 'utf8'), 'a program')
  assert.equal(readFileSync(join(target, long), 'utf8'), 'deep')
  assert.equal(readFileSync(join(target, 'empty'), 'utf8'), '')
  assert.equal(statSync(join(target, 'bin/program')).mode & 0o7777, 0o755)
  assert.equal(statSync(join(target, 'tmp')).mode & 0o7777, 0o1777)
  assert.equal(readlinkSync(join(target, 'bin/other')), 'program')
  assert.equal(readlinkSync(join(target, 'far')), long)
  assert.equal(statSync(join(target, 'bin/program')).mtimeMs, 0)
})

test('the order in which entries are given makes no difference, and their content does', async () => {
  const once = await bytes(withDirectories(entries))
  assert.deepEqual(await bytes(withDirectories(entries.toReversed())), once)
  const [first, ...rest] = entries
  const changed = { ...first, content: Buffer.from('another') } as TarEntry
  assert.notDeepEqual(await bytes(withDirectories([changed, ...rest])), once)
})

test('a file that grew since it was looked at is refused', async (t) => {
  const path = join(scratch(t), 'file')
  writeFileSync(path, 'longer')
  await assert.rejects(
    bytes([{ type: 'file', name: 'file', path, size: 3 }]),
    /6 bytes, and 3 were announced/,
  )
})
