import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { scratch } from '../setup/pulumi/scratch.ts'
import { ImageStore, isIntact } from './store.ts'

const built = { names: ['wireproof-agent:1'], digest: 'sha256:1', size: 3 }

test('an image that was built is listed, with its bill of materials, and a damaged archive is noticed', async (t) => {
  const store = new ImageStore(scratch(t))
  assert.deepEqual(await store.list(), [])
  const image = await store.put('agent', async (archive) => {
    writeFileSync(archive, 'one')
    return { ...built, sbom: { bomFormat: 'CycloneDX' } }
  })
  assert.deepEqual(await store.list(), [image])
  assert.deepEqual(image.names, built.names)
  assert.ok(image.sbom)
  assert.equal(await isIntact(image), true)
  appendFileSync(image.archive, '!')
  assert.equal(await isIntact(image), false)
})

test('an image can be read by another user, whatever wrote it', async (t) => {
  const store = new ImageStore(scratch(t))
  const { archive } = await store.put('agent', async (path) => {
    writeFileSync(path, 'one', { mode: 0o600 })
    return built
  })
  assert.deepEqual([statSync(archive).mode & 0o777, statSync(dirname(archive)).mode & 0o777], [0o644, 0o755])
})

test('a build that fails leaves what was there, and nothing else', async (t) => {
  const directory = scratch(t)
  const store = new ImageStore(directory)
  const image = await store.put('agent', async (archive) => {
    writeFileSync(archive, 'one')
    return built
  })
  const failing = store.put('agent', async (archive) => {
    writeFileSync(archive, 'half')
    throw new Error('interrupted')
  })
  await assert.rejects(failing, /interrupted/)
  assert.deepEqual(await store.list(), [image])
  assert.equal(await isIntact(image), true)
  assert.deepEqual(readdirSync(directory), ['agent'])
})
