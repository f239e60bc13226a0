/** What is published: built, packed, installed with nothing but its dependency, used and compiled against. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildPackage } from '../../build.ts'
import { StandIn } from './stand-in.ts'

const source = fileURLToPath(new URL('..', import.meta.url))
const root = join(source, '../..')
const directory = mkdtempSync(join(tmpdir(), 'kind-js-package-'))
const consumer = join(directory, 'consumer')
const installed = join(consumer, 'node_modules/@wireproof/kind-js')
after(() => rmSync(directory, { recursive: true }))

let packed: string[]
before(() => {
  const built = buildPackage('kind-js', join(directory, 'dist'))
  // npm as the machine has it, without asking a registry; what it sets for its scripts would have it work on the repository.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
  const env = { ...Object.fromEntries(inherited), npm_config_cache: join(directory, 'cache') }
  const words = ['pack', '--json', '--offline', '--no-update-notifier', built]
  const [report] = JSON.parse(execFileSync('npm', words, { cwd: directory, encoding: 'utf8', env })) as {
    filename: string
    files: { path: string }[]
  }[]
  packed = report!.files.map(({ path }) => path)
  mkdirSync(installed, { recursive: true })
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
  execFileSync('tar', ['-C', installed, '--strip-components=1', '-xzf', join(directory, report!.filename)])
  cpSync(join(root, 'node_modules/yaml'), join(consumer, 'node_modules/yaml'), { recursive: true })
})

describe('what is packed', () => {
  test('is each module with its declarations, the licence, the README and nothing else', () => {
    const modules = globSync('**/*.ts', { cwd: join(source, 'src') })
      .filter((file) => !/\.test\.ts$|(^|\/)sample-/.test(file))
      .map((file) => file.replace(/\.ts$/, ''))
    assert.ok(modules.includes('index') && modules.includes('cluster/create') && modules.length > 30)
    const expected = [
      ...modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`]),
      'LICENSE',
      'README.md',
      'package.json',
    ]
    assert.deepEqual([...packed].sort(), expected.sort())
  })

  test('says what it is and needs one package', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    assert.deepEqual(
      [
        manifest.name,
        manifest.license,
        manifest.type,
        manifest.engines,
        manifest.dependencies,
        manifest.scripts,
      ],
      ['@wireproof/kind-js', 'Apache-2.0', 'module', { node: '>=22.18' }, { yaml: '^2.9.1' }, undefined],
    )
  })

  test('imports Node’s modules, yaml and its own, by names that are there', () => {
    for (const file of packed.filter((path) => /\.(js|d\.ts)$/.test(path))) {
      const text = readFileSync(join(installed, file), 'utf8').replace(/^ ?\*.*$/gm, '')
      for (const [, name] of text.matchAll(/(?<![.\w])(?:from ?|import ?\(?)['"]([^'"]+)['"]/g)) {
        if (name!.startsWith('node:') || name === 'yaml') continue
        assert.match(name!, /^\.{1,2}\/.*\.js$/, file)
        assert.ok(packed.includes(join(dirname(file), name!)), `${file}: ${name}`)
      }
    }
  })
})

describe('where it is installed', () => {
  test('the example of its README runs', (t) => {
    const { environment } = prepared(t)
    const [, code] = /```ts\n(.*?)```/s.exec(readFileSync(join(installed, 'README.md'), 'utf8'))!
    writeFileSync(join(consumer, 'example.ts'), code!)
    const options = { cwd: consumer, encoding: 'utf8', env: environment } as const
    const { stdout, stderr, status } = spawnSync(process.execPath, ['example.ts'], options)
    const printed =
      '✓ nodes\n✓ control-plane\ndemo-control-plane control-plane running\ndemo-worker worker running\n'
    assert.deepEqual([stdout, stderr, status], [printed, '', 0])
  })

  test('what is not exported cannot be imported', () => {
    writeFileSync(join(consumer, 'inside.mjs'), `await import('@wireproof/kind-js/cluster/create.js')`)
    const { stderr } = spawnSync(process.execPath, ['inside.mjs'], { cwd: consumer, encoding: 'utf8' })
    assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })
})

/** Programs in the place of kind and docker, with nodes that are ready. */
function prepared(t: TestContext): StandIn {
  const standIn = new StandIn(t)
  const items = ['demo-control-plane', 'demo-worker'].map((name) => ({
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }))
  standIn.write('kubectl', JSON.stringify({ items }))
  return standIn
}

const CONSUMER = `
import { type ClusterConfig, Kind, KindError, openKind, type Progress } from '@wireproof/kind-js'

const config: ClusterConfig = { nodes: [{ role: 'worker', extraPortMappings: [{ containerPort: 80 }] }] }
const kind: Kind = await openKind({ provider: 'podman' })
const onProgress = (event: Progress) => {
  if (event.type === 'step-failed') console.log(event.step.length, event.milliseconds?.toFixed())
}
try {
  const { name } = await kind.createCluster({ config, onProgress })
  console.log(name.length, (await kind.nodes(name)).map(({ addresses }) => addresses[0]?.length))
} catch (error) {
  if (error instanceof KindError && error.code === 'EEXISTS') console.log(error.remedy?.length)
}
`

test('a TypeScript program compiles against it, and one with a mistake does not', () => {
  for (const name of ['@types/node', 'undici-types'])
    cpSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true })
  const wrong = CONSUMER.replace("'worker'", "'master'")
    .replace('EEXISTS', 'EEXIST')
    .replace("'step-failed'", "'step-fail'")
  writeFileSync(join(consumer, 'right.ts'), CONSUMER)
  writeFileSync(join(consumer, 'wrong.ts'), wrong)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options = '--strict --noEmit --skipLibCheck --target es2022 --lib es2024,esnext.disposable'.split(' ')
  const modules = '--module nodenext --moduleResolution nodenext right.ts wrong.ts'.split(' ')
  const { stdout } = spawnSync(process.execPath, [compiler, ...options, ...modules], {
    cwd: consumer,
    encoding: 'utf8',
  })
  assert.doesNotMatch(stdout, /^(right\.ts|node_modules)/m)
  assert.deepEqual([...stdout.matchAll(/^wrong\.ts\(\d+,\d+\): error (TS\d+)/gm)].length >= 3, true, stdout)
})
