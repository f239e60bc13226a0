/**
 * Runs one command in a fresh guest: `node lab/vm/run.ts [--kernel auto|host|uml|qemu[:version]] [--visible path]...
 * [--results directory] [--timings] [--console] -- command...`
 */
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { Problem } from '../problem.ts'
import { bootGuest } from './boot.ts'
import { chooseKernel } from './choose-kernel.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kernel: { type: 'string', default: 'auto' },
    visible: { type: 'string', multiple: true, default: [] },
    results: { type: 'string' },
    timings: { type: 'boolean', default: false },
    console: { type: 'boolean', default: false },
    cpu: { type: 'string' },
  },
})

const started = performance.now()
const interruption = new AbortController()
process.once('SIGINT', () => interruption.abort())
process.once('SIGTERM', () => interruption.abort())

try {
  const choice = await chooseKernel(values.kernel)
  if (choice.kind === 'host') {
    const [program, ...rest] = positionals
    const { status, signal } = spawnSync(program!, rest, { stdio: 'inherit' })
    process.exit(status ?? 128 + constants.signals[signal!])
  }
  const guest = await bootGuest(choice, {
    visible: values.visible,
    signal: interruption.signal,
    progress: (line) => process.stderr.write(`${line}\n`),
    ...(values.console ? { console: (text: string) => process.stderr.write(text) } : {}),
    ...(values.cpu === undefined ? {} : { cpu: Number(values.cpu) }),
  })
  const booted = performance.now()
  process.exitCode = await guest.run(positionals, {
    cwd: process.cwd(),
    env: process.env as Record<string, string>,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
    ...(values.results === undefined ? {} : { results: values.results }),
  })
  const ran = performance.now()
  await guest.stop()
  process.stdin.destroy()
  if (values.timings) {
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(3)
    process.stderr.write(
      `node ${seconds(0, started)}, boot ${seconds(started, booted)}, command ${seconds(booted, ran)}, ` +
        `stop ${seconds(ran, performance.now())} s\n`,
    )
  }
} catch (error) {
  if (!(error instanceof Problem)) throw error
  process.stderr.write(`${error.message}${error.remedy ? `; ${error.remedy}` : ''}\n`)
  process.exit(error.exitCode)
}
