import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { readImageArchive } from '@wireproof/kind-js'
import { scratch } from '../../setup/pulumi/scratch.ts'
import { digestOf, fullName, type ImageContent, writeImageArchive } from './image-archive.ts'

const program: ImageContent = {
  names: ['one:1', 'one:latest'],
  entrypoint: ['/program'],
  entries: [{ type: 'file', name: 'program', mode: 0o755, content: Buffer.from('one') }],
}
const other: ImageContent = {
  names: ['registry.k8s.io/pause:3.10.1'],
  entries: [{ type: 'file', name: 'pause', content: Buffer.from('two') }],
}

test('written twice it is the same archive, and another where a byte of a file is another', async (t) => {
  const directory = scratch(t)
  const files = ['a', 'b', 'c'].map((name) => join(directory, name))
  const once = await writeImageArchive(files[0]!, [program])
  assert.deepEqual(await writeImageArchive(files[1]!, [program]), once)
  assert.equal(await digestOf(files[1]!), await digestOf(files[0]!))
  const entries = [{ ...program.entries[0]!, content: Buffer.from('One') }] as ImageContent['entries']
  const [changed] = await writeImageArchive(files[2]!, [{ ...program, entries }])
  assert.notEqual(changed!.digest, once[0]!.digest)
  assert.deepEqual(readdirSync(directory).sort(), ['a', 'b', 'c'])
})

test('kind-js finds in it the images and their digests', async (t) => {
  const file = join(scratch(t), 'images.tar')
  const [one, two] = await writeImageArchive(file, [program, other], 'amd64')
  const found = await readImageArchive(file)
  const digests = found.flatMap(({ names, digests }) => names.map((name) => [name, digests[0]]))
  assert.deepEqual(Object.fromEntries(digests), {
    'docker.io/library/one:1': one!.id,
    'docker.io/library/one:latest': one!.id,
    'registry.k8s.io/pause:3.10.1': two!.id,
  })
})

test('what tells the names of all images comes first, as kind wants it', async (t) => {
  const file = join(scratch(t), 'images.tar')
  await writeImageArchive(file, [program, other])
  const { stdout } = spawnSync('tar', ['-tf', file], { encoding: 'utf8' })
  assert.deepEqual(stdout.split('\n').slice(0, 2), ['repositories', 'manifest.json'])
  const repositories = spawnSync('tar', ['-xOf', file, 'repositories'], { encoding: 'utf8' }).stdout
  assert.deepEqual(Object.keys(JSON.parse(repositories)), ['one', 'registry.k8s.io/pause'])
})

test('names get the host that containerd knows them under', () => {
  assert.equal(fullName('one:1'), 'docker.io/library/one:1')
  assert.equal(fullName('kindest/node:v1'), 'docker.io/kindest/node:v1')
  assert.equal(fullName('registry.k8s.io/pause:3'), 'registry.k8s.io/pause:3')
  assert.equal(fullName('localhost/pause:3'), 'localhost/pause:3')
})
