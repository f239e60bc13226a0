/** The real kind and real containers, with make-believe nodes: everything but Kubernetes itself. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CommandError,
  type CreateOptions,
  Kind,
  KindError,
  NotReadyError,
  obtainKind,
  type Progress,
} from '../../src/index.ts'
import { which } from '../../src/program/which.ts'
import { docker, staticBusybox, whyNoNodes } from './machine.ts'
import { buildImage, buildMakeBelieveImage, makeBelieveImage } from './make-believe.ts'

const busybox = await staticBusybox()

const directory = mkdtempSync(join(tmpdir(), 'kind-js-real-'))
after(() => rmSync(directory, { recursive: true }))
const kubeconfig = join(directory, 'kubeconfig')
const code = (its: string) => (error: unknown) => error instanceof KindError && error.code === its
const twoNodes = [{ role: 'control-plane' }, { role: 'worker' }] as const

/** A merge patch that tells make-believe kubeadm what to do. */
const told = (what: string) => [`kind: ClusterConfiguration\nclusterName: "make-believe: ${what}"\n`]

describe('the real kind', { skip: (await whyNoNodes()) ?? false }, () => {
  let kind: Kind
  let volumes: string[]
  const create = (name: string, options: CreateOptions = {}) =>
    kind.createCluster({ name, image: makeBelieveImage, kubeconfig, ...options })
  const containersOf = (name: string) =>
    docker('ps', '-aq', '--filter', `label=io.x-k8s.kind.cluster=${name}`)

  before(async () => {
    buildMakeBelieveImage(busybox!)
    kind = new Kind(await obtainKind(), 'docker')
    volumes = docker('volume', 'ls', '-q')
  })
  after(async () => {
    for (const name of await kind.clusters())
      if (name.startsWith('kjs-')) await kind.deleteCluster(name, { kubeconfig })
    docker('rmi', '-f', makeBelieveImage)
  })

  describe('a cluster', () => {
    const name = 'kjs-one'
    const events: Progress[] = []

    test('is made, step by step', async () => {
      const config = { nodes: twoNodes }
      await create(name, { config, wait: 5000, onProgress: (progress) => events.push(progress) })
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'step-succeeded' ? [event.step] : [])),
        ['image', 'nodes', 'configuration', 'control-plane', 'cni', 'storage', 'workers', 'ready'],
      )
      const times = events.flatMap((event) => (event.type === 'step-succeeded' ? [event.milliseconds] : []))
      assert.ok(
        times.every((milliseconds) => milliseconds !== undefined && milliseconds >= 0) &&
          Math.max(...(times as number[])) > 100,
      )
      assert.ok(events.some(({ type }) => type === 'ready'))
    })

    test('has nodes, which can be looked into', async () => {
      const nodes = await kind.nodes(name)
      assert.deepEqual(
        nodes.map(({ name, role, state, image }) => [name, role, state, image]),
        [
          ['kjs-one-control-plane', 'control-plane', 'running', makeBelieveImage],
          ['kjs-one-worker', 'worker', 'running', makeBelieveImage],
        ],
      )
      for (const { addresses } of nodes) assert.match(addresses[0]!, /^\d+\.\d+\.\d+\.\d+$/)
      assert.deepEqual([(await kind.clusters()).includes(name), await kind.clusterExists(name)], [true, true])
      assert.equal(await kind.runInNode('kjs-one-worker', ['cat', '/kind/version']), 'v1.34.2\n')
    })

    test('has credentials for inside and outside', async () => {
      assert.match(await kind.kubeconfig(name), /server: https:\/\/127\.0\.0\.1:\d+/)
      assert.match(
        await kind.kubeconfig(name, { internal: true }),
        /server: https:\/\/kjs-one-control-plane:6443/,
      )
      const file = join(directory, 'exported')
      await kind.exportKubeconfig(name, { file })
      assert.match(readFileSync(file, 'utf8'), /current-context: kind-kjs-one/)
    })

    test('is waited for', async () => {
      const ready = (node: string) =>
        kind.runInNode('kjs-one-control-plane', ['tee', '-a', '/kind/ready'], { input: `${node}\n` })
      await assert.rejects(kind.waitUntilReady(name, { timeout: 1500, interval: 100 }), (error: unknown) => {
        assert.ok(error instanceof NotReadyError)
        assert.deepEqual(error.waitingFor, [{ node: 'kjs-one-worker', why: 'has not joined' }])
        return true
      })
      await ready('kjs-one-worker')
      await kind.waitUntilReady(name, { timeout: 10_000 })
    })

    test('gets images, each once', async () => {
      const imports = async () =>
        (
          await Promise.all(
            ['kjs-one-control-plane', 'kjs-one-worker'].map((node) =>
              kind.runInNode(node, ['sh', '-c', 'cat /kind/imports 2>/dev/null | wc -l']),
            ),
          )
        ).map(Number)
      const load = async (...images: string[]) =>
        (await kind.loadImages(name, images)).map(({ action }) => action)
      buildImage('kjs-app:1', 'first')
      assert.deepEqual(
        [await load('kjs-app:1'), await imports()],
        [
          ['loaded', 'loaded'],
          [1, 1],
        ],
      )
      assert.deepEqual(
        [await load('kjs-app:1'), await imports()],
        [
          ['present', 'present'],
          [1, 1],
        ],
      )
      docker('tag', 'kjs-app:1', 'kjs-app:other')
      assert.deepEqual(
        [await load('kjs-app:other'), await imports()],
        [
          ['tagged', 'tagged'],
          [1, 1],
        ],
      )
      // Control: an image that is another one under the same name is loaded.
      buildImage('kjs-app:1', 'second')
      assert.deepEqual(
        [await load('kjs-app:1'), await imports()],
        [
          ['loaded', 'loaded'],
          [2, 2],
        ],
      )
      await kind.runInNode('kjs-one-worker', ['cp', '/dev/null', '/kind/images'])
      assert.deepEqual(
        [await load('kjs-app:1'), await imports()],
        [
          ['present', 'loaded'],
          [2, 3],
        ],
      )
      const archive = join(directory, 'app.tar')
      docker('save', '-o', archive, 'kjs-app:1')
      assert.deepEqual(
        (await kind.loadArchive(name, archive)).map(({ action }) => action),
        ['present', 'present'],
      )
      assert.deepEqual(await imports(), [2, 3])
      docker('rmi', '-f', 'kjs-app:1', 'kjs-app:other')
      await assert.rejects(kind.loadImages(name, ['kjs-app:1']), code('ENOIMAGE'))
    })

    test('gives its logs', async () => {
      const logs = await kind.exportLogs(name, join(directory, 'logs'))
      assert.deepEqual(
        ['docker-info.txt', 'kind-version.txt', 'kjs-one-control-plane', 'kjs-one-worker'].filter(
          (file) => !readdirSync(logs).includes(file),
        ),
        [],
      )
    })

    test('is not made twice', async () => {
      await assert.rejects(create(name), code('EEXISTS'))
      assert.equal(containersOf(name).length, 2)
    })

    test('is deleted, once', async () => {
      assert.deepEqual(
        [await kind.deleteCluster(name, { kubeconfig }), await kind.deleteCluster(name, { kubeconfig })],
        [true, false],
      )
      assert.equal(await kind.clusterExists(name), false)
      assert.doesNotMatch(readFileSync(kubeconfig, 'utf8'), /kjs-one/)
    })
  })

  test('the example of the README runs and prints what it says', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const [, code] = /```ts\n(.*?)```/s.exec(readme)!
    const [, expected] = /prints\n\n```\n(.*?)```/s.exec(readme)!
    const script = join(directory, 'example.ts')
    const from = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)
    const own = `name: 'demo',\n  image: '${makeBelieveImage}',\n  kubeconfig: '${kubeconfig}',`
    writeFileSync(script, code!.replace("'@wireproof/kind-js'", from).replace("name: 'demo',", own))
    assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), expected)
    assert.deepEqual(containersOf('demo'), [])
  })

  describe('what cannot be made is not there', () => {
    test('where kubeadm fails', async () => {
      const making = create('kjs-fail', { config: { kubeadmConfigPatches: told('fail') } })
      await assert.rejects(making, (error: unknown) => {
        assert.ok(error instanceof CommandError)
        assert.match(error.message, /^cannot create cluster kjs-fail: failed to init node with kubeadm\n/)
        assert.equal(error.lastLines.at(-1), 'Command Output: error: make-believe kubeadm was told to fail')
        return true
      })
      assert.deepEqual(containersOf('kjs-fail'), [])
    })

    test('control: with retain it is', async () => {
      const making = create('kjs-fail', { retain: true, config: { kubeadmConfigPatches: told('fail') } })
      await assert.rejects(making, code('ECOMMAND'))
      assert.equal(containersOf('kjs-fail').length, 1)
      await kind.deleteCluster('kjs-fail')
    })

    test('where a port is taken', async () => {
      const config = {
        nodes: [{ extraPortMappings: [{ containerPort: 80, hostPort: 38080, listenAddress: '127.0.0.1' }] }],
      }
      await create('kjs-a', { config })
      await assert.rejects(create('kjs-b', { config }), code('EPORTINUSE'))
      assert.deepEqual([containersOf('kjs-a').length, containersOf('kjs-b').length], [1, 0])
      await kind.deleteCluster('kjs-a', { kubeconfig })
    })
  })

  describe('an aborted cluster is not there', () => {
    for (const delay of [0, 50, 150, 300, 600, 1000, 2000])
      test(`${delay} ms after its containers were begun`, async () => {
        const abort = new AbortController()
        const reason = new Error('changed my mind')
        const onProgress = async (progress: Progress) => {
          if (progress.type !== 'step-started' || progress.step !== 'nodes') return
          await sleep(delay)
          abort.abort(reason)
        }
        const config = { nodes: twoNodes, kubeadmConfigPatches: told('slow') }
        await assert.rejects(
          create('kjs-abort', { config, signal: abort.signal, onProgress: (its) => void onProgress(its) }),
          reason,
        )
        assert.deepEqual(containersOf('kjs-abort'), [])
        await sleep(1000)
        assert.deepEqual(containersOf('kjs-abort'), [])
      })
  })

  test('control: an aborted cluster that is retained is there', async () => {
    const abort = new AbortController()
    const onProgress = (progress: Progress) => {
      if (progress.type === 'step-started' && progress.step === 'control-plane') abort.abort()
    }
    const config = { kubeadmConfigPatches: told('slow') }
    const making = create('kjs-abort', { config, retain: true, signal: abort.signal, onProgress })
    await assert.rejects(making, { name: 'AbortError' })
    assert.equal(containersOf('kjs-abort').length, 1)
    assert.equal(await kind.deleteCluster('kjs-abort', { kubeconfig }), true)
  })

  test('no volume is left', () => assert.deepEqual(docker('volume', 'ls', '-q'), volumes))
})

test('without a daemon that is said', async () => {
  const kind = new Kind(await obtainKind(), 'docker', {
    ...process.env,
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  })
  const expected = (await which('docker', process.env)) ? 'EPROVIDERDOWN' : 'ENOPROVIDER'
  await assert.rejects(kind.clusters(), code(expected))
  await assert.rejects(kind.createCluster({ name: 'kjs-none' }), code(expected))
  await assert.rejects(kind.deleteCluster('kjs-none'), code(expected))
})

test('without a provider’s program that is said', async () => {
  const kind = new Kind(await obtainKind(), 'nerdctl', { ...process.env, PATH: '/nonexistent' })
  await assert.rejects(kind.clusters(), code('ENOPROVIDER'))
})
