import { fileURLToPath } from 'node:url'
import type { Guest, KernelDescription, RunOptions } from '../lab/kernel.ts'
import { Problem } from '../lab/problem.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))

/** Set for commands that run inside a kernel we booted: that kernel's description, as JSON. */
const insideVariable = 'WIREPROOF_KERNEL'

/** The kernel we were started in by an outer wireproof, if we were. */
export function enclosingKernel(): KernelDescription | undefined {
  const text = process.env[insideVariable]
  return text === undefined ? undefined : (JSON.parse(text) as KernelDescription)
}

/** Options with which this same command line runs inside a booted kernel. */
export function insideOptions(
  kernel: KernelDescription,
  more: Pick<RunOptions, 'results' | 'signal'> = {},
): RunOptions {
  return {
    cwd: process.cwd(),
    env: { ...passedOn(), [insideVariable]: JSON.stringify(kernel) },
    stdout: process.stdout,
    stderr: process.stderr,
    ...more,
  }
}

/** `wireproof <arguments>` as an inner kernel runs it. */
export function insideCommand(arguments_: readonly string[]): string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', program, ...arguments_]
}

/**
 * Where the named lab runs: `here` for this process's own kernel, or the running kernel that holds it.
 *
 * @param name undefined stands for the only lab there is.
 * @throws Problem when there is no such lab, or more than one and no name.
 */
export async function findLab(name?: string): Promise<{ name: string; keeper?: Guest }> {
  const { labsHere } = await import('../lab/netns/reap.ts')
  const { connectKeeper, listKeepers } = await import('../lab/vm/keepers.ts')
  const here = labsHere()
  const kept = enclosingKernel() ? [] : (await listKeepers()).map((keeper) => keeper.lab)
  const all = [...new Set([...here, ...kept])].sort()
  const chosen = name ?? (all.length === 1 ? all[0] : undefined)
  if (chosen === undefined) {
    if (all.length === 0) throw new Problem('ENOLAB', 2, 'no lab is running', 'Stand one up: wireproof up')
    throw new Problem('ENOLAB', 2, 'more than one lab is running', `Say which with --lab: ${all.join(', ')}.`)
  }
  if (kept.includes(chosen)) return { name: chosen, keeper: await connectKeeper(chosen) }
  if (here.includes(chosen)) return { name: chosen }
  const known = all.length > 0 ? `There are: ${all.join(', ')}.` : 'Stand one up: wireproof up'
  throw new Problem('ENOLAB', 2, `no lab is called ${chosen}`, known)
}

/** What of the environment goes along into a booted kernel: nothing secret, only what shapes output. */
function passedOn(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'LANG',
    'LC_ALL',
    'TERM',
    'COLORTERM',
    'NO_COLOR',
    'FORCE_COLOR',
    'COLUMNS',
    'TZ',
    'WIREPROOF_DEBUG',
    'NODE_COMPILE_CACHE',
  ]
  const entries = names.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {}
  const columns = process.stdout.columns ? { COLUMNS: `${process.stdout.columns}` } : {}
  return { ...colour, ...columns, ...Object.fromEntries(entries) }
}

/** Aborts on SIGINT, SIGTERM, or when the terminal is closed, so that clean-up runs; a second signal ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Problem('EINTERRUPTED', 130, 'interrupted'))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop)
  return controller.signal
}
