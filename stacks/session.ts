import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { Problem } from '../lab/problem.ts'
import { obtainCli } from '../setup/pulumi/cli.ts'
import { directories } from '../setup/pulumi/directories.ts'
import { pulumiEnvironment } from '../setup/pulumi/environment.ts'
import { run } from '../setup/pulumi/run.ts'
import { type EngineEvent, readEvent } from './engine-events.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const stack = 'organization/wireproof/demo'

export interface SessionOptions {
  /** The lab's name. */
  readonly lab: string
  /** `auto`, or left out: the first that can do it. */
  readonly kernel?: string
  /** A topology file; else the default of three nodes with two pods. */
  readonly topology?: string
  /** Interrupts `up`; `destroy` runs to its end all the same. */
  readonly signal?: AbortSignal
  /** Where progress goes; standard error by default. */
  readonly report?: (line: string) => void
}

export type Session =
  | { readonly available: false; readonly why: string }
  | {
      readonly available: true
      up(): Promise<void>
      /** Takes the lab down, and removes the stack. Harmless when `up` failed or never ran. */
      destroy(): Promise<void>
    }

/**
 * A lab for the time of one demo, stood up by Pulumi where a CLI is installed or its official download answers. It never
 * builds one. The stack's state is as short-lived as the lab: a demo that was killed leaves no lock behind, and
 * `wireproof down` needs no state.
 */
export async function pulumiSession(options: SessionOptions): Promise<Session> {
  const report = options.report ?? ((line: string) => process.stderr.write(`pulumi: ${line}\n`))
  const obtained = await obtainCli({ upTo: 'download', report, ...pick(options.signal) })
  if ('why' in obtained) return { available: false, why: obtained.why }
  const { program } = obtained.cli
  const home = mkdtempSync(join(tmpdir(), 'wireproof-pulumi-'))
  const places = { ...directories(), home: join(home, 'home'), state: join(home, 'stacks') }
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PULUMI_'))
  const secret = { PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString('hex') }
  const env = pulumiEnvironment(obtained.cli, places, { ...Object.fromEntries(inherited), ...secret })
  const configFile = join(home, 'config.yaml')
  writeFileSync(configFile, stringify({ config: configuration(options) }))
  const operation = ['--stack', stack, '--config-file', configFile, '--yes', '--skip-preview', '--json']
  return {
    available: true,
    async up() {
      await createStack(program, home, env)
      await operate(program, ['up', ...operation], env, report, options.signal)
    },
    async destroy() {
      try {
        await operate(program, ['destroy', ...operation], env, report)
      } finally {
        rmSync(home, { recursive: true, force: true })
      }
    },
  }
}

function configuration({ lab, kernel, topology }: SessionOptions): Record<string, string> {
  return {
    'wireproof:name': lab,
    ...(kernel && kernel !== 'auto' && { 'wireproof:kernel': kernel }),
    ...(topology && { 'wireproof:topology': resolve(topology) }),
  }
}

/** In a directory of its own, since making a stack writes a stack file beside the project file. */
async function createStack(program: string, home: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(home, 'project')
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'Pulumi.yaml'), stringify({ name: 'wireproof', runtime: 'nodejs' }))
  const { code, stderr } = await run(program, ['stack', 'init', stack, '--no-select'], { cwd, env })
  if (code !== 0) throw new Problem('ESTACK', 4, `Pulumi could not make a stack: ${stderr.trim()}`)
}

/** Runs one operation, reports what happens to the lab, and turns what Pulumi complains of into a Problem. */
function operate(
  program: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve_, reject) => {
    // A group of its own: a Ctrl-C of the terminal would reach Pulumi twice, and the second one makes it give up at once.
    const child = spawn(program, argv, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const interrupt = () => child.kill('SIGINT')
    signal?.addEventListener('abort', interrupt, { once: true })
    const complaints: string[] = []
    const onEvent = (event: EngineEvent | undefined) => {
      if (event?.kind === 'progress') report(event.text)
      if (event?.kind === 'error') complaints.push(event.text)
    }
    createInterface({ input: child.stdout }).on('line', (line) => onEvent(readEvent(line)))
    createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
    child.on('error', reject)
    child.on('close', (code) => {
      signal?.removeEventListener('abort', interrupt)
      if (code === 0) return resolve_()
      if (signal?.aborted) return reject(signal.reason)
      const said = complaints.join('\n').trim()
      reject(new Problem('EPULUMI', 4, said || `pulumi ${argv[0]} ended with code ${code}`))
    })
  })
}

function pick(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
