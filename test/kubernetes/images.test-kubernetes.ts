import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { buildImage } from '../../images/build.ts'
import { ImageStore, isIntact } from '../../images/store.ts'
import { scratch } from '../../setup/pulumi/scratch.ts'

test('the agent’s image is the same when it is built again, and whole', { timeout: 300_000 }, async (t) => {
  const report = () => {}
  const [first, second] = [new ImageStore(scratch(t)), new ImageStore(scratch(t))]
  const image = await buildImage('agent', { report, store: first })
  const again = await buildImage('agent', { report, store: second })
  assert.equal(again.digest, image.digest)
  assert.equal(again.sha256, image.sha256)
  assert.equal(await isIntact(image), true)

  await t.test('its bill of materials has Node, npm packages and Debian packages', () => {
    const { components } = JSON.parse(readFileSync(image.sbom!, 'utf8')) as { components: { purl: string }[] }
    for (const part of [
      'pkg:npm/node-linux-',
      'pkg:npm/koffi@',
      'pkg:deb/debian/libbpf1@',
      'pkg:deb/debian/libc6@',
    ])
      assert.ok(
        components.some(({ purl }) => purl.startsWith(part)),
        part,
      )
  })

  await t.test('every program and module of it loads with nothing around it', () => {
    const root = join(scratch(t), 'root')
    mkdirSync(root)
    run('tar', '-C', root, '-xf', layerOf(image.archive, scratch(t)))
    const modules = [
      'agent/agent.ts',
      'agent/hubble/listen.ts',
      'agent/metrics/server.ts',
      'agent/kubernetes/mirror.ts',
    ]
    const load = modules.map((module) => `await import('/opt/wireproof/${module}')`).join(';')
    const node = '/usr/local/bin/node'
    assert.match(
      run('chroot', root, node, '--input-type=module', '-e', `${load};console.log('loaded')`),
      /loaded/,
    )
    for (const program of ['agent/main.ts', 'agent/kubernetes/main.ts']) {
      const { status, stderr, stdout } = spawnSync('chroot', [root, node, `/opt/wireproof/${program}`], {
        encoding: 'utf8',
      })
      assert.equal(status, 2, stderr)
      assert.match(stdout + stderr, /EUSAGE/)
    }
  })
})

function layerOf(archive: string, directory: string): string {
  const [{ Layers }] = JSON.parse(run('tar', '-xOf', archive, 'manifest.json')) as [{ Layers: [string] }]
  run('tar', '-C', directory, '-xf', archive, Layers[0])
  return join(directory, Layers[0])
}

function run(program: string, ...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}
