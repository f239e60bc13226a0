import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { KindError } from '../error.ts'
import { readImageArchive } from './archive.ts'
import { configOf, digestOf, dockerFiles, ociFiles, pack } from './sample-archives.ts'

const directory = mkdtempSync(join(tmpdir(), 'kind-js-archives-'))
after(() => rmSync(directory, { recursive: true }))

const refused = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof KindError && error.code === code && says.test(error.message)

describe('an archive', () => {
  test('as docker save writes it has names and digests', async () => {
    const archive = pack(directory, dockerFiles({ 'a:1': 'one', 'registry.test:5000/b': 'two' }))
    assert.deepEqual(await readImageArchive(archive), [
      { names: ['docker.io/library/a:1'], digests: [digestOf(configOf('one'))] },
      { names: ['registry.test:5000/b:latest'], digests: [digestOf(configOf('two'))] },
    ])
  })

  test('may be compressed', async () => {
    const files = dockerFiles({ 'a:1': 'one' })
    const plain = await readImageArchive(pack(directory, files))
    assert.deepEqual(await readImageArchive(pack(directory, files, '-z')), plain)
    const zstd = join(directory, 'zstd.tar')
    const { zstdCompressSync } = await import('node:zlib')
    writeFileSync(zstd, zstdCompressSync(readFileSync(pack(directory, files))))
    assert.deepEqual(await readImageArchive(zstd), plain)
  })

  test('may have long names, in the ways that tar has for them', async () => {
    const files = { [`${'d'.repeat(90)}/${'e'.repeat(90)}/layer.tar`]: 'x', ...dockerFiles({ 'a:1': 'one' }) }
    for (const format of ['gnu', 'pax', 'ustar'])
      assert.equal((await readImageArchive(pack(directory, files, `--format=${format}`))).length, 1, format)
  })

  test('in the layout of OCI has a digest for each platform that is in it', async () => {
    const archive = pack(directory, ociFiles('docker.io/library/a:1', ['amd64', 'arm64']))
    assert.deepEqual(await readImageArchive(archive), [
      {
        names: ['docker.io/library/a:1'],
        digests: [digestOf(configOf('amd64')), digestOf(configOf('arm64'))],
      },
    ])
  })

  test('of an image without a name has its digest', async () => {
    const files = dockerFiles({ 'a:1': 'one' })
    files['manifest.json'] = files['manifest.json']!.replace('["a:1"]', 'null')
    assert.deepEqual(await readImageArchive(pack(directory, files)), [
      { names: [], digests: [digestOf(configOf('one'))] },
    ])
  })
})

describe('refused is', () => {
  test('what is no archive', async () => {
    const file = join(directory, 'text')
    writeFileSync(file, 'x'.repeat(2000))
    await assert.rejects(readImageArchive(file), refused('EOUTPUT', /is no tar archive/))
    await assert.rejects(readImageArchive(pack(directory, { a: 'b' })), refused('EOUTPUT', /holds no images/))
    writeFileSync(file, '')
    await assert.rejects(readImageArchive(file), refused('EOUTPUT', /holds no images/))
  })

  test('one that is cut short', async () => {
    const archive = pack(directory, { 'a.json': 'x'.repeat(5000), ...dockerFiles({ 'a:1': 'cut' }) })
    truncateSync(archive, 1800)
    await assert.rejects(readImageArchive(archive), refused('EOUTPUT', /ends in the middle|holds no images/))
  })

  test('one that lacks what it names', async () => {
    const { 'manifest.json': manifest } = dockerFiles({ 'a:1': 'one' })
    await assert.rejects(
      readImageArchive(pack(directory, { 'manifest.json': manifest! })),
      refused('EOUTPUT', /has no [0-9a-f]{64}/),
    )
    await assert.rejects(
      readImageArchive(pack(directory, { 'manifest.json': '{' })),
      refused('EOUTPUT', /is not JSON/),
    )
  })

  test('one whose contents do not have their digests', async () => {
    const docker = dockerFiles({ 'a:1': 'one' })
    const config = Object.keys(docker).find((name) => /^[0-9a-f]{64}\.json$/.test(name))!
    await assert.rejects(
      readImageArchive(pack(directory, { ...docker, [config]: '{}' })),
      refused('ECHECKSUM', /has the digest/),
    )
    const oci = ociFiles('a:1', ['amd64'])
    const index = JSON.parse(oci['index.json']!).manifests[0].digest.replace('sha256:', 'blobs/sha256/')
    await assert.rejects(
      readImageArchive(pack(directory, { ...oci, [index]: '{}' })),
      refused('ECHECKSUM', /has the digest/),
    )
  })
})
