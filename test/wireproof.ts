import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a user gets without choosing; CI adds others, so that no kernel's quirk becomes a habit. */
export const kernelsToTest = (process.env.WIREPROOF_TEST_KERNELS ?? 'auto').split(',') as [
  string,
  ...string[],
]

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string | undefined>
  readonly input?: string
  /** Is given the child as soon as it runs, to interrupt it for example. */
  readonly onStart?: (child: ChildProcess) => void
}

/** Runs the real command line, as a user would, and collects what it says. */
export function wireproof(arguments_: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run([process.execPath, join(root, 'cli/main.ts'), ...arguments_], options)
}

export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...rest] = argv
  // A test runner that finds this variable takes itself for a part of ours, and runs nothing.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const child = spawn(program, rest, { cwd: options.cwd ?? root, env: { ...inherited, ...options.env } })
  const collected = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    collected.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    collected.stderr += text
  })
  child.stdin.on('error', () => {}).end(options.input ?? '')
  options.onStart?.(child)
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, ...collected }
}

/** Everything of any lab that is on this machine right now, as a person would find it: empty when nothing is. */
export function leftovers(): string[] {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...namespaces.filter((name) => name.startsWith('wireproof.')).map((name) => `namespace ${name}`),
    ...mounts
      .filter((line) => line.includes('/run/netns/wireproof.'))
      .map((line) => `mount ${line.split(' ')[4]}`),
    ...labProcesses().map(({ pid, command }) => `process ${pid} ${command.slice(0, 120)}`),
    ...(existsSync('/run/wireproof')
      ? readdirSync('/run/wireproof').map((name) => `files /run/wireproof/${name}`)
      : []),
  ]
}

function labProcesses(): { pid: string; command: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const command = readCommandLine(pid)
    const ours = /agent\/main\.ts|lab\/vm\/|vmlinux|linux\.uml|qemu-system|demos\/workload/.test(command)
    return ours && Number(pid) !== process.pid && !command.includes('--test') ? [{ pid, command }] : []
  })
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
