/** What is published: built, packed, installed with nothing but its dependency, used and compiled against. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
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

/** Of what a module exports, what says nothing of itself. */
function undocumented(program: ts.Program, file: string): string[] {
  const checker = program.getTypeChecker()
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
  const isDocumented = (symbol: ts.Symbol): boolean => {
    const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return origin.getDocumentationComment(checker).length > 0
  }
  assert.ok(symbols.length > 0)
  return symbols.filter((symbol) => !isDocumented(symbol)).map(({ name }) => name)
}

describe('a TypeScript program', () => {
  const files = ['right.ts', 'wrong.ts', 'silent.ts'].map((name) => join(consumer, name)) as [
    string,
    string,
    string,
  ]
  const [right, wrong, silent] = files
  const index = join(installed, 'index.d.ts')
  let program: ts.Program
  before(() => {
    for (const name of ['@types/node', 'undici-types'])
      cpSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true })
    const mistaken = CONSUMER.replace("'worker'", "'master'")
      .replace('EEXISTS', 'EEXIST')
      .replace("'step-failed'", "'step-fail'")
    writeFileSync(right, CONSUMER)
    writeFileSync(wrong, mistaken)
    writeFileSync(silent, '/** Says something. */\nexport const documented = 1\nexport const forgotten = 2\n')
    program = ts.createProgram([...files, index], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      typeRoots: [join(consumer, 'node_modules/@types')],
      types: ['node'],
    })
  })

  test('compiles against it', () => {
    const [mine, theirs] = [right, index].map((file) =>
      program.getSemanticDiagnostics(program.getSourceFile(file)),
    )
    assert.deepEqual([mine, theirs], [[], []])
  })

  test('control: one with mistakes in its types does not', () => {
    const codes = program
      .getSemanticDiagnostics(program.getSourceFile(wrong))
      .map((diagnostic) => diagnostic.code)
    assert.ok(codes.length >= 3 && codes.includes(2322) && codes.includes(2367), codes.join())
  })

  test('finds everything that is exported explained, and the README names what can be called', () => {
    assert.deepEqual(undocumented(program, index), [])
    const readme = readFileSync(join(installed, 'README.md'), 'utf8')
    const text = readFileSync(join(installed, 'index.js'), 'utf8')
    const names = [...text.matchAll(/export \{ ([^}]*) \}/g)].flatMap(([, list]) =>
      list!.split(/,\s*/).filter(Boolean),
    )
    assert.ok(names.includes('openKind') && names.includes('parseConfig') && names.length > 12, names.join())
    const unnamed = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))
    assert.deepEqual(unnamed, ['configApiVersion', 'defaultClusterName', 'providers'])
  })

  test('control: what is not explained is noticed', () => {
    assert.deepEqual(undocumented(program, silent), ['forgotten'])
  })
})
