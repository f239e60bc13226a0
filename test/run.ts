/**
 * `npm test`: types, lint, unit tests, and the end-to-end tests in real kernels, as many at a time as there are
 * processors. Arguments select test files by a part of their path; types and lint are then left out.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseKernel } from '../lab/vm/choose-kernel.ts'
import { parseCpuList } from '../lab/vm/host.ts'
import { canHaveOwnMachines, onItsOwnMachine } from './own-machine.ts'
import { checks, endToEndTests, kernelTests, unitTests } from './parts.ts'
import { asItIs, type Ended, type Place, sideBySide } from './side-by-side.ts'
import { kernelsToTest, root } from './wireproof.ts'

const selection = process.argv.slice(2)
const selected = (name: string) => selection.length === 0 || selection.some((part) => name.includes(part))

process.chdir(root)
const show = (text: string) => process.stdout.write(text)
const began = performance.now()

if (selection.length === 0) conclude(await sideBySide(checks(), Array(2).fill(asItIs), show))
const built = ['hubble', 'pulumi'].some((name) => selected(`test/${name}.test.ts`)) ? buildAhead() : undefined
const parts = [
  ...kernelTests(kernelsToTest).filter(({ name }) => selected(name)),
  ...unitTests(selected),
  ...endToEndTests(selected, kernelsToTest, built),
]
if (parts.length === 0) {
  process.stderr.write(`no test file matches ${selection.join(', ')}\n`)
  process.exit(2)
}
const ended = await sideBySide(parts, await places(), show)
for (const { name, seconds } of ended.sort((a, b) => b.seconds - a.seconds))
  show(`${`${seconds}`.padStart(5)} s  ${name}\n`)
conclude(ended)
show(`\neverything passed in ${Math.round((performance.now() - began) / 1000)} s\n`)

/** Each has a processor, and what runs there the machine to itself, as far as it can see. */
async function places(): Promise<Place[]> {
  const { kind } = await chooseKernel(kernelsToTest[0])
  if (kind === 'host' || !canHaveOwnMachines()) return [asItIs]
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return parseCpuList(allowed![1]!).map((cpu) => (argv) => [
    'taskset',
    '--cpu-list',
    `${cpu}`,
    ...onItsOwnMachine(argv),
  ])
}

/** Builds what end-to-end tests need while others run. What goes wrong is for those tests to say. */
function buildAhead(): Promise<unknown> {
  const argv = ['--pdeathsig', 'KILL', 'nice', process.execPath, join(root, 'test/build-ahead.ts')]
  const child = spawn('setpriv', argv, { stdio: ['ignore', 'inherit', 'inherit'] })
  return once(child, 'close')
}

function conclude(ended: readonly Ended[]): void {
  const failed = ended.filter(({ passed }) => !passed)
  if (failed.length === 0) return
  process.stderr.write(`\nfailed: ${failed.map(({ name }) => name).join(', ')}\n`)
  process.exit(1)
}
