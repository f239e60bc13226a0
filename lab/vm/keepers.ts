import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Guest, KernelDescription, RunOptions } from '../kernel.ts'
import { Problem } from '../problem.ts'
import type { GuestChoice } from './boot.ts'
import { CommandClient } from './channel/client.ts'
import { conclude } from './conclude.ts'
import { keeperMarker, socketPath } from './keeper-socket.ts'
import { guestMarker } from './machine.ts'
import { endProcess, ownProcesses, type ProcessEntry, startTime } from './processes.ts'

const program = fileURLToPath(new URL('keeper.ts', import.meta.url))

export interface KeeperEntry {
  readonly lab: string
  readonly pid: number
}

/** The kernels of this user that are kept running, found in the process table: there is no state file. */
export async function listKeepers(): Promise<KeeperEntry[]> {
  return keepersAmong(ownProcesses()).sort((a, b) => a.lab.localeCompare(b.lab))
}

function keepersAmong(processes: readonly ProcessEntry[]): KeeperEntry[] {
  return processes.flatMap(({ pid, argv }) => {
    const marker = argv.find((word) => word.startsWith(keeperMarker))
    return marker && argv.includes(program) ? [{ lab: marker.slice(keeperMarker.length), pid }] : []
  })
}

/** Boots a kernel that outlives this process, and connects to it. */
export async function startKeeper(
  lab: string,
  choice: GuestChoice,
  options: { signal?: AbortSignal; progress?: (line: string) => void } = {},
): Promise<Guest> {
  options.signal?.throwIfAborted()
  if (!(await listKeepers()).some((keeper) => keeper.lab === lab)) rmSync(socketPath(lab), { force: true })
  const child = spawn(
    process.execPath,
    [program, `${keeperMarker}${lab}`, choice.kind, ...(choice.version ? [choice.version] : [])],
    { detached: true, stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' },
  )
  const give_up = () => child.kill('SIGTERM')
  options.signal?.addEventListener('abort', give_up, { once: true })
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const message = JSON.parse(line) as {
        progress?: string
        ready?: KernelDescription
        problem?: { code: string; exitCode: number; message: string; remedy?: string }
      }
      if (message.progress) options.progress?.(message.progress)
      if (message.problem) {
        const { code, exitCode, message: text, remedy } = message.problem
        throw new Problem(code, exitCode, text, remedy)
      }
      if (message.ready) break
    }
    options.signal?.throwIfAborted()
  } finally {
    options.signal?.removeEventListener('abort', give_up)
    child.stdout!.destroy()
    child.unref()
  }
  return connectKeeper(lab)
}

/** The kernel that holds a lab. `stop()` ends it for everyone; letting go of it takes nothing. */
export async function connectKeeper(lab: string): Promise<Guest> {
  const socket = await open(lab)
  const client = new CommandClient(socket)
  const { description } = (await client.ready()) as { description: KernelDescription }
  // An idle connection does not keep its process alive; a running command does.
  socket.unref()
  let running = 0
  return {
    description,
    async run(argv: readonly string[], options: RunOptions): Promise<number> {
      if (running++ === 0) socket.ref()
      try {
        return await conclude(client.begin(argv, options), options)
      } finally {
        if (--running === 0) socket.unref()
      }
    },
    async stop(): Promise<void> {
      await stopKeepers(lab)
      socket.destroy()
    },
  }
}

function open(lab: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath(lab))
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => {
      reject(
        new Problem(
          'ENOKEEPER',
          4,
          `the kernel of lab ${lab} does not answer`,
          `Take it down: wireproof down ${lab}`,
        ),
      )
    })
  })
}

async function stopKeepers(lab: string | undefined): Promise<void> {
  const keepers = (await listKeepers()).filter((keeper) => lab === undefined || keeper.lab === lab)
  await Promise.all(keepers.map(({ pid }) => endProcess(pid, 5_000)))
  for (const { lab } of keepers) rmSync(socketPath(lab), { force: true })
}

/**
 * Ends what may be left of a lab's kernel after any crash: its keeper, and guests whose owner has died. Guests live on
 * memory and mounts of their own, so that is all there can be.
 *
 * @param lab undefined for every lab of this user.
 */
export async function killLeftovers(lab?: string): Promise<void> {
  await stopKeepers(lab)
  const orphans = ownProcesses().filter(isOrphanedGuest)
  await Promise.all(orphans.map(({ pid }) => endProcess(pid, 0)))
  if (lab) rmSync(socketPath(lab), { force: true })
}

function isOrphanedGuest({ argv }: ProcessEntry): boolean {
  const mark = new RegExp(`${guestMarker}[a-z0-9-]*:(\\d+):(\\d+)`)
  for (const word of argv) {
    const owner = mark.exec(word)
    if (owner) return startTime(Number(owner[1])) !== owner[2]
  }
  return false
}
