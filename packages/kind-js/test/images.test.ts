/** What is loaded where, with programs that only act like kind and docker. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { configOf, digestOf, dockerFiles, pack } from '../src/images/sample-archives.ts'
import { KindError } from '../src/index.ts'
import { StandIn } from './stand-in.ts'

const nodes = ['one-control-plane', 'one-worker'] as const
const digest = (text: string) => digestOf(configOf(text))
const images = (...all: [name: string, text: string][]) =>
  JSON.stringify({ images: all.map(([name, text]) => ({ id: digest(text), repoTags: [name] })) })
const code = (its: string) => (error: unknown) => error instanceof KindError && error.code === its

/** A cluster of two nodes, with these images; and after something was loaded, with those. */
async function cluster(
  t: TestContext,
  there: readonly [string, string],
  afterLoad = images(),
): Promise<StandIn> {
  const standIn = new StandIn(t)
  await standIn.kind.createCluster({ name: 'one' })
  mkdirSync(join(standIn.directory, 'local'))
  mkdirSync(join(standIn.directory, 'after-load'))
  for (const [index, node] of nodes.entries()) {
    standIn.write(`images/${node}`, there[index]!)
    standIn.write(`after-load/${node}`, afterLoad)
  }
  return standIn
}

/** An image of the local daemon. */
function local(standIn: StandIn, name: string, text: string, id = digest(text)): void {
  standIn.write(`local/${name}.json`, JSON.stringify([{ Id: id, RepoTags: [name] }]))
  renameSync(
    pack(standIn.directory, dockerFiles({ [name]: text })),
    join(standIn.directory, 'local', `${name}.tar`),
  )
}

const loads = (standIn: StandIn) => standIn.calls().filter((call) => /^(kind load|docker save)/.test(call))
const a1 = 'docker.io/library/a:1'

describe('an image of the daemon', { concurrency: true }, () => {
  test('that every node has is not even saved', async (t) => {
    const standIn = await cluster(t, [images([a1, 'one']), images([a1, 'one'])])
    local(standIn, 'a:1', 'one')
    assert.deepEqual(
      await standIn.kind.loadImages('one', ['a:1', 'a:1']),
      nodes.map((node) => ({ image: 'a:1', node, action: 'present' })),
    )
    assert.deepEqual(loads(standIn), [])
  })

  test('goes only to the nodes that lack it, and its archive is removed', async (t) => {
    const standIn = await cluster(t, [images([a1, 'one']), images([a1, 'old'])], images([a1, 'one']))
    local(standIn, 'a:1', 'one')
    assert.deepEqual(await standIn.kind.loadImages('one', ['a:1']), [
      { image: 'a:1', node: 'one-control-plane', action: 'present' },
      { image: 'a:1', node: 'one-worker', action: 'loaded' },
    ])
    const [save, load, ...rest] = loads(standIn)
    assert.match(save!, /^docker save -o \S+\/image\.tar a:1$/)
    assert.match(load!, /^kind load image-archive \S+\/image\.tar --name one --nodes one-worker$/)
    assert.deepEqual(rest, [])
    const archive = save!.split(' ')[3]!
    assert.ok(!existsSync(archive) && !existsSync(dirname(archive)))
  })

  test('that a node has under another name is only named', async (t) => {
    const standIn = await cluster(t, [images(['docker.io/library/b:1', 'one']), images([a1, 'one'])])
    local(standIn, 'a:1', 'one')
    const done = await standIn.kind.loadImages('one', ['a:1'])
    assert.deepEqual(
      done.map(({ action }) => action),
      ['tagged', 'present'],
    )
    const tag = `docker exec one-control-plane ctr --namespace=k8s.io images tag --force ${digest('one')} ${a1}`
    assert.ok(standIn.calls().includes(tag))
    assert.deepEqual(loads(standIn), [])
  })

  test('that cannot be named is loaded', async (t) => {
    const standIn = await cluster(t, [images(['b:1', 'one']), images(['b:1', 'one'])], images([a1, 'one']))
    local(standIn, 'a:1', 'one')
    standIn.write('no-tag', '')
    const done = await standIn.kind.loadImages('one', ['a:1'])
    assert.deepEqual(
      done.map(({ action }) => action),
      ['loaded', 'loaded'],
    )
  })

  test('whose id is that of a manifest is saved to compare, and not loaded again', async (t) => {
    const standIn = await cluster(t, [images([a1, 'one']), images([a1, 'one'])])
    local(standIn, 'a:1', 'one', digest('a manifest'))
    const done = await standIn.kind.loadImages('one', ['a:1'])
    assert.deepEqual(
      done.map(({ action }) => action),
      ['present', 'present'],
    )
    assert.deepEqual(
      loads(standIn).map((call) => call.split(' ')[1]),
      ['save'],
    )
  })

  test('that is not there is said before anything is loaded', async (t) => {
    const standIn = await cluster(t, [images(), images()])
    local(standIn, 'a:1', 'one')
    await assert.rejects(standIn.kind.loadImages('one', ['a:1', 'missing']), code('ENOIMAGE'))
    assert.deepEqual(loads(standIn), [])
  })

  test('that did not arrive is missed', async (t) => {
    const standIn = await cluster(t, [images(), images()], images([a1, 'another']))
    local(standIn, 'a:1', 'one')
    await assert.rejects(
      standIn.kind.loadImages('one', ['a:1']),
      /after loading, one-control-plane does not have a:1/,
    )
  })

  test('goes to chosen nodes, which must be there', async (t) => {
    const standIn = await cluster(t, [images(), images()], images([a1, 'one']))
    local(standIn, 'a:1', 'one')
    await assert.rejects(
      standIn.kind.loadImages('one', ['a:1'], { nodes: ['one-worker9'] }),
      (error: unknown) => {
        assert.ok(error instanceof KindError && error.code === 'ENONODE')
        assert.match(error.message, /allowed: one-control-plane, one-worker$/)
        return true
      },
    )
    assert.deepEqual(await standIn.kind.loadImages('one', ['a:1'], { nodes: ['one-worker'] }), [
      { image: 'a:1', node: 'one-worker', action: 'loaded' },
    ])
  })
})

describe('an archive', { concurrency: true }, () => {
  test('goes to the nodes that lack one of its images', async (t) => {
    const both = images([a1, 'one'], ['docker.io/library/b:1', 'two'])
    const standIn = await cluster(t, [both, images([a1, 'one'])], both)
    const archive = pack(standIn.directory, dockerFiles({ 'a:1': 'one', 'b:1': 'two' }))
    assert.deepEqual(await standIn.kind.loadArchive('one', archive), [
      { image: a1, node: 'one-control-plane', action: 'present' },
      { image: 'docker.io/library/b:1', node: 'one-control-plane', action: 'present' },
      { image: a1, node: 'one-worker', action: 'present' },
      { image: 'docker.io/library/b:1', node: 'one-worker', action: 'loaded' },
    ])
    assert.equal(loads(standIn).length, 1)
  })

  test('that every node has is left', async (t) => {
    const standIn = await cluster(t, [images([a1, 'one']), images([a1, 'one'])])
    await standIn.kind.loadArchive('one', pack(standIn.directory, dockerFiles({ 'a:1': 'one' })))
    assert.deepEqual(loads(standIn), [])
  })

  test('must be there, and be one', async (t) => {
    const standIn = await cluster(t, [images(), images()])
    await assert.rejects(standIn.kind.loadArchive('one', '/nonexistent.tar'), code('ENOIMAGE'))
    await assert.rejects(standIn.kind.loadArchive('one', standIn.directory), code('ENOIMAGE'))
    const file = join(standIn.directory, 'text')
    writeFileSync(file, 'x'.repeat(1000))
    await assert.rejects(standIn.kind.loadArchive('one', file), code('EOUTPUT'))
  })
})

test('the images of a node are listed', async (t) => {
  const standIn = await cluster(t, [images([a1, 'one']), images()])
  assert.deepEqual(await standIn.kind.nodeImages('one-control-plane'), [{ id: digest('one'), names: [a1] }])
})
