/**
 * `npm test`: types, lint, the BPF programs, unit tests, and the end-to-end tests in real kernels. Arguments select
 * test files by a part of their path; types and lint are then left out.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root } from './wireproof.ts'

const selection = process.argv.slice(2)

function step(title: string, argv: readonly string[]): void {
  process.stderr.write(`\n> ${title}\n`)
  const [program = '', ...rest] = argv
  const { status } = spawnSync(program, rest, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const bin = (name: string) => join(root, 'node_modules', '.bin', name)

if (selection.length === 0) {
  step('types', [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit'])
  step('lint', [bin('biome'), 'ci', '--colors=off', '.'])
}

// Tests that need root in a kernel with ESP run inside one, started by test/kernels.test.ts.
const files = globSync('**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] })
  .filter((file) => !file.endsWith('.kernel.test.ts'))
  .filter((file) => selection.length === 0 || selection.some((part) => file.includes(part)))
  .sort()
const unit = files.filter((file) => !file.startsWith('test/'))
const endToEnd = files.filter((file) => file.startsWith('test/'))

if (unit.length > 0)
  step('unit tests', [
    process.execPath,
    '--test',
    // Node alone would leave one processor idle, which of two is half.
    `--test-concurrency=${availableParallelism()}`,
    '--test-reporter=dot',
    ...unit,
  ])
// Labs and kernels share this machine: one end-to-end file at a time.
if (endToEnd.length > 0)
  step('end to end', [
    process.execPath,
    '--test',
    '--test-concurrency=1',
    '--test-reporter=spec',
    ...endToEnd,
  ])
if (files.length === 0) {
  process.stderr.write(`no test file matches ${selection.join(', ')}\n`)
  process.exit(2)
}
