import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { PassThrough } from 'node:stream'
import type { Exit, Start } from '../channel/frames.ts'
import type { ServedCommand } from '../channel/server.ts'
import { handBack } from './hand-back.ts'

const require = createRequire(import.meta.url)

/** Begins a command as the guest's root, in a session of its own so that a signal reaches all it started. */
export function begin(start: Start, number: number): ServedCommand {
  if (start.results) mkdirSync(start.results, { recursive: true })
  const command = start.terminal ? onTerminal()(start, start.terminal) : beginPlain(start)
  const { results } = start
  if (!results) return command
  return {
    ...command,
    exit: command.exit.then(async (exit): Promise<Exit> => {
      const left = await handBack(results, number)
      return { ...exit, resultsWait: true, left }
    }),
  }
}

/** Loaded when the first person comes: it brings the system-call package along, and a guest's start is waited for. */
function onTerminal(): typeof import('./terminal.ts').beginOnTerminal {
  return (require('./terminal.ts') as typeof import('./terminal.ts')).beginOnTerminal
}

function beginPlain(start: Start): ServedCommand {
  const [program, ...rest] = start.argv
  const child = spawn(program!, rest, { cwd: start.cwd, env: start.env, stdio: 'pipe', detached: true })
  // A command that ends without reading its input is not a failure.
  child.stdin.on('error', () => {})
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.syscall?.startsWith('spawn')) resolve({ code: 127, problem: `${program}: ${error.code}` })
      else reject(error)
    })
    child.on('exit', (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal!] }))
  })
  return {
    stdin: child.stdin ?? new PassThrough().resume(),
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    signal: (name) => signalGroup(child.pid, name),
    resize() {},
  }
}

/** Signals the command and everything that stayed in its process group; what has already ended is no error. */
export function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
