/**
 * The first thing that runs on a machine, under whatever node it has (18 or later): brings what a verb needs, says what
 * and why before it does, and hands over to node 24. With everything there it says nothing and takes no time.
 *
 *     node setup/bootstrap.mjs demo|test|test:kind|test:kubernetes|test:conformance|pulumi|bench|fuzz|hubble [arguments]
 *     node setup/bootstrap.mjs run [--] <wireproof arguments>
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingParts } from './missing.mjs'
import { purposes } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [verb = '', ...rest] = process.argv.slice(2)
const arguments_ = rest[0] === '--' ? rest.slice(1) : rest

const programs = {
  demo: ['cli/main.ts', 'demo', '--pulumi'],
  run: ['cli/main.ts'],
  test: ['test/run.ts'],
  pulumi: ['setup/pulumi/main.ts'],
  bench: ['bench/run.ts'],
  fuzz: ['packages/tcpdump-parse/test/fuzz/main.ts'],
  hubble: ['setup/hubble/main.ts'],
  'test:kind': ['packages/kind-js/test/real/run.ts'],
  'test:kubernetes': ['test/kubernetes/run.ts'],
  'test:conformance': ['test/conformance/run.ts'],
}

if (!Object.hasOwn(programs, verb)) {
  process.stderr.write(
    `wireproof: nothing is called ${verb || '(no verb)'}; allowed: ${Object.keys(programs).join(', ')}\n`,
  )
  process.exit(2)
}

const missing = missingParts(root, purposes[verb])
if (missing) {
  // Loaded only here: on most starts there is nothing to install.
  const { install } = await import('./install.mjs')
  const failure = await install(root, missing)
  if (failure) {
    process.stderr.write(`wireproof: ${failure.message}\n${failure.remedy ? `  ${failure.remedy}\n` : ''}`)
    process.exit(failure.exitCode)
  }
}

const node = nodeProgram(root)
if (!node) {
  process.stderr.write(
    `wireproof: node 24 or later is needed, and this is ${process.version} on ${process.arch}\n`,
  )
  process.stderr.write('  Install node 24 and run this with it.\n')
  process.exit(3)
}
handOver(node, [join(root, programs[verb][0]), ...programs[verb].slice(1), ...arguments_])

/** The node 24 that npm brought, or this one when it is new enough. */
function nodeProgram(root) {
  const brought = join(root, `node_modules/node-linux-${process.arch}/bin/node`)
  if (existsSync(brought)) return brought
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined
}

function handOver(node, argv) {
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`
  const child = spawn(node, argv, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  // A terminal sends Ctrl-C to both; other signals reach this process alone. Either way the child decides what follows.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`wireproof: ${node} cannot be started: ${error.message}\n`)
    process.exit(4)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
