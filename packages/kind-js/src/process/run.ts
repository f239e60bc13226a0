import { spawn } from 'node:child_process'
import { Lines, Tail } from './lines.ts'

/** What a command is run with. */
export interface RunOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly directory?: string
  /** Is given to the command's standard input, which is closed after it. */
  readonly input?: string
  /** Ends the command and everything it started. */
  readonly signal?: AbortSignal | undefined
  /** Each line of standard error as it comes. */
  readonly onErrorLine?: (line: string) => void
  /** How long a command may take to end after it was told to, in milliseconds, before it is killed. */
  readonly grace?: number
}

/** How a command ended that could be started. */
export interface Ended {
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  /** The last lines of standard error, oldest first. What goes to standard output may be a secret. */
  readonly lastLines: readonly string[]
}

const longestTail = 20
const defaultGrace = 5000

/**
 * Runs a command to its end, in a process group of its own: whoever ends it ends what it started too.
 *
 * @throws the signal's reason, after the whole group is gone; or the system's error where it cannot be started.
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Ended> {
  const { environment = process.env, directory, input, signal, onErrorLine, grace = defaultGrace } = options
  signal?.throwIfAborted()
  const [program, ...rest] = argv
  const child = spawn(program, rest, {
    ...(directory === undefined ? {} : { cwd: directory }),
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const stdout: Buffer[] = []
  const tail = new Tail(longestTail)
  const errorLines = new Lines((line) => {
    tail.add(line)
    onErrorLine?.(line)
  })
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => errorLines.write(chunk))
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {})
  child.stdin.end(input)

  const end = endGroupOnAbort(child.pid, signal, grace)
  try {
    const { exitCode, signal: endedBy } = await new Promise<Pick<Ended, 'exitCode' | 'signal'>>(
      (resolve, reject) => {
        child.on('error', reject)
        child.on('close', (code, by) => resolve({ exitCode: code ?? undefined, signal: by ?? undefined }))
      },
    )
    errorLines.end()
    await end.gone()
    signal?.throwIfAborted()
    return {
      exitCode,
      signal: endedBy,
      stdout: Buffer.concat(stdout).toString('utf8'),
      lastLines: tail.lines,
    }
  } finally {
    end.stop()
  }
}

/** Once aborted, sends a group SIGTERM, and SIGKILL when the grace is over. */
function endGroupOnAbort(pid: number | undefined, signal: AbortSignal | undefined, grace: number) {
  let killing: NodeJS.Timeout | undefined
  const onAbort = () => {
    send(pid, 'SIGTERM')
    killing = setTimeout(() => send(pid, 'SIGKILL'), grace)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    /** Of a group that was to end, nothing is left: members that closed their output may outlive the first of it. */
    async gone(): Promise<void> {
      if (!killing) return
      // Where nobody waits for orphans, dead ones stay in the group.
      const deadline = performance.now() + 500
      while (send(pid, 'SIGKILL') && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10))
    },
    stop(): void {
      signal?.removeEventListener('abort', onAbort)
      clearTimeout(killing)
    },
  }
}

/** @returns whether there is somebody in the group to send it to. */
function send(group: number | undefined, signal: NodeJS.Signals): boolean {
  if (group === undefined) return false
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}
