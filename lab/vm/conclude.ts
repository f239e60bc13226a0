import { ReadStream, WriteStream } from 'node:tty'
import type { RunOptions } from '../kernel.ts'
import { Problem } from '../problem.ts'
import type { RemoteCommand } from './channel/client.ts'

/** How long a command has to obey a signal before the next harsher one. */
const escalation: readonly { readonly name: string; readonly afterMs: number }[] = [
  { name: 'SIGINT', afterMs: 0 },
  { name: 'SIGTERM', afterMs: 10_000 },
  { name: 'SIGKILL', afterMs: 15_000 },
]

/** Waits for a command's end, interrupting it when the caller's signal aborts, and gives its exit code. */
export async function conclude(command: RemoteCommand, options: RunOptions): Promise<number> {
  const { signal, stderr } = options
  using _terminal = options.terminal ? attachTerminal(command, options) : undefined
  const timers: NodeJS.Timeout[] = []
  const interrupt = () => {
    for (const { name, afterMs } of escalation) timers.push(setTimeout(() => command.signal(name), afterMs))
  }
  if (signal?.aborted) interrupt()
  else signal?.addEventListener('abort', interrupt, { once: true })
  try {
    const exit = await command.ended
    if (exit.problem)
      throw new Problem('ECOMMAND', exit.code === 127 ? 2 : 4, `in the guest: ${exit.problem}`)
    for (const name of exit.left ?? []) {
      stderr.write(`not handed back, being neither a file nor a directory: ${name}\n`)
    }
    return exit.code
  } finally {
    signal?.removeEventListener('abort', interrupt)
    for (const timer of timers) clearTimeout(timer)
  }
}

/** A terminal inside has the keys and the size of the one outside: each key as it is pressed, Ctrl-C too. */
function attachTerminal(command: RemoteCommand, { stdin, stdout }: RunOptions): Disposable {
  const keyboard = stdin instanceof ReadStream ? stdin : undefined
  const screen = stdout instanceof WriteStream ? stdout : undefined
  const resize = () => screen && command.resize(screen.columns, screen.rows)
  keyboard?.setRawMode(true)
  screen?.on('resize', resize)
  return {
    [Symbol.dispose]() {
      keyboard?.setRawMode(false)
      screen?.off('resize', resize)
    },
  }
}
