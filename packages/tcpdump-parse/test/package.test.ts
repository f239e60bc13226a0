/** What is published: built, packed, installed where nothing else is, used and compiled against. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildPackage } from '../../build.ts'

const source = fileURLToPath(new URL('..', import.meta.url))
const root = join(source, '../..')
const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-package-'))
const consumer = join(directory, 'consumer')
const installed = join(consumer, 'node_modules/tcpdump-parse')
after(() => rmSync(directory, { recursive: true }))

/** npm as the machine has it, without asking a registry for anything. */
function npm(where: string, ...words: string[]): string {
  // What npm sets for its scripts would have it work on the repository.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
  const env = { ...Object.fromEntries(inherited), npm_config_cache: join(directory, 'cache') }
  return execFileSync('npm', [...words, '--offline', '--no-audit', '--no-fund', '--no-update-notifier'], {
    cwd: where,
    encoding: 'utf8',
    env,
  })
}

let packed: string[]
before(() => {
  const built = buildPackage('tcpdump-parse', join(directory, 'dist'))
  const [report] = JSON.parse(npm(directory, 'pack', '--json', built)) as {
    filename: string
    files: { path: string }[]
  }[]
  packed = report!.files.map(({ path }) => path)
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
  npm(consumer, 'install', '--ignore-scripts', join(directory, report!.filename))
})

describe('what is packed', () => {
  test('is each module with its declarations, the licence, the README and nothing else', () => {
    const modules = globSync('**/*.ts', { cwd: join(source, 'src') })
      .filter((file) => !/\.test\.ts$|(^|\/)sample-/.test(file))
      .map((file) => file.replace(/\.ts$/, ''))
    assert.ok(modules.includes('index') && modules.includes('survey/thread') && modules.length > 50)
    const expected = [
      ...modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`]),
      ...['LICENSE', 'README.md', 'package.json'],
    ]
    assert.deepEqual([...packed].sort(), expected.sort())
    assert.match(readFileSync(join(installed, 'LICENSE'), 'utf8'), /Apache License\s+Version 2\.0/)
    assert.equal(
      readFileSync(join(installed, 'README.md'), 'utf8'),
      readFileSync(join(source, 'README.md'), 'utf8'),
    )
  })

  test('says what it is, needs nothing, and can do with koffi', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    assert.deepEqual(
      [manifest.name, manifest.license, manifest.type, manifest.engines],
      ['tcpdump-parse', 'Apache-2.0', 'module', { node: '>=22.18' }],
    )
    assert.ok(manifest.keywords.includes('pcap') && manifest.description.length > 40)
    assert.deepEqual(
      [manifest.dependencies, manifest.devDependencies, manifest.scripts],
      [undefined, undefined, undefined],
    )
    assert.deepEqual(manifest.peerDependenciesMeta, { koffi: { optional: true } })
    assert.deepEqual(globSync('node_modules/*', { cwd: consumer }), ['node_modules/tcpdump-parse'])
  })

  test('imports Node’s modules and its own, by names that are there', () => {
    for (const file of packed.filter((path) => /\.(js|d\.ts)$/.test(path))) {
      const text = readFileSync(join(installed, file), 'utf8').replace(/^ ?\*.*$/gm, '')
      for (const [, name] of text.matchAll(/(?<![.\w])(?:from ?|import ?\(?)['"]([^'"]+)['"]/g)) {
        if (name!.startsWith('node:')) continue
        assert.match(name!, /^\.{1,2}\/.*\.js$/, file)
        const target = join(dirname(file), name!)
        assert.ok(
          packed.includes(target) && packed.includes(target.replace(/\.js$/, '.d.ts')),
          `${file}: ${name}`,
        )
      }
    }
  })
})

/** Runs a script where the package is installed and nothing else. */
function run(name: string, script: string) {
  writeFileSync(join(consumer, name), script)
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], { cwd: consumer, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('where it is installed', () => {
  test('the example of its README runs and prints what it says', () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8')
    const [, code] = /```ts\n(.*?)```/s.exec(readme)!
    const [, stdout] = /prints\n\n```\n(.*?)```/s.exec(readme)!
    assert.deepEqual(run('example.ts', code!), { status: 0, stdout, stderr: '' })
  })

  test('a survey finds its threads, and says that there is no fast engine', () => {
    const survey = `
      import { fastEngine, PcapWriter } from 'tcpdump-parse'
      import { surveyCapture } from 'tcpdump-parse/survey'
      const writer = new PcapWriter('threads.pcap', { linkType: 101 })
      for (let i = 0; i < 1000; i++) writer.writePacket({ time: 0n, data: Buffer.from('CANARY-in-clear') })
      await writer.close()
      for (const threads of [1, 2]) {
        const { packets, sightings, engine } = await surveyCapture('threads.pcap', { tokens: ['CANARY-in-clear'], threads })
        console.log(packets, sightings.frame, engine)
      }
      console.log(fastEngine().why)`
    const { status, stdout, stderr } = run('survey.mjs', survey)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^(1000 1000 node:crypto\n){2}Cannot find module 'koffi'\n$/)
  })

  test('what is not exported cannot be imported', () => {
    const { status, stderr } = run('inside.mjs', `await import('tcpdump-parse/capture/read.js')`)
    assert.equal(status, 1)
    assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })
})

const CONSUMER = `
import { decode, EspOpener, type EspSa, type Frame, LinkType, type Packet, readCapture } from 'tcpdump-parse'
import { type Survey, surveyCapture } from 'tcpdump-parse/survey'

const sas: readonly EspSa[] = []
for await (const packet of readCapture(new URL('file:///tmp/x.pcap'), { onProblem: ({ code }) => console.log(code) })) {
  const { time }: Packet = packet
  const frame: Frame = decode(packet.data, LinkType.ethernet)
  const opened = new EspOpener(sas).open(frame)
  const port: number | undefined = frame.tcp?.sourcePort
  console.log(time + 1n, port, opened.ok ? opened.inner.length : opened.reason.length)
}
const survey: Survey = await surveyCapture('x.pcap', { sas })
console.log(survey.packets.toFixed())
`

/** What the compiler has against a program that uses the package, strictly and declarations included. */
function compile(name: string, text: string, options: readonly string[] = []): string {
  writeFileSync(join(consumer, name), text)
  const strict = [
    '--strict',
    '--noEmit',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
    '--lib',
    'es2024,esnext.disposable',
  ]
  const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext']
  const argv = [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...modules, ...options, name]
  return spawnSync(process.execPath, argv, { cwd: consumer, encoding: 'utf8' }).stdout
}

describe('a TypeScript program', () => {
  test('needs Node’s types: without them the compiler misses those', () => {
    assert.match(compile('without.ts', CONSUMER), /error TS2\d+: Cannot find (name 'Buffer'|module 'node:)/)
  })

  test('compiles with them, and with no others', () => {
    for (const name of ['@types/node', 'undici-types'])
      cpSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true })
    assert.equal(compile('with.ts', CONSUMER), '')
  })

  test('control: one with a mistake in its types does not', () => {
    for (const [right, wrong, says] of [
      ['number | undefined = frame.tcp', 'string = frame.tcp', /error TS2322/],
      ['decode(packet.data, ', 'decode(packet.time, ', /error TS2345/],
      ['survey.packets', 'survey.packages', /error TS2551/],
    ] as const)
      assert.match(compile('wrong.ts', CONSUMER.replace(right, wrong)), says)
  })
})
