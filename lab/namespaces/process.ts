import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { inNetworkNamespace } from '@wireproof/ffi'
import type { LabProcess } from '../lab.ts'

/**
 * Starts a program inside a network namespace. libuv forks on the calling thread, so the child is born in the
 * namespace that thread is in: no nsenter, no second exec.
 *
 * @param namespace a path such as `/run/netns/<name>`.
 */
export function spawnIn(namespace: string, argv: readonly string[], options: SpawnOptions): ChildProcess {
  const [program, ...args] = argv
  if (!program) throw new Error('no command was given')
  return inNetworkNamespace(namespace, () => spawn(program, args, options))
}

/** Exit code as a shell reports it, 128 + n for signal n, once everything that was printed has been read. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}

export function labProcess(child: ChildProcess): LabProcess {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('a lab process needs pipes on all three streams')
  return { stdin, stdout, stderr, exit: exitOf(child), kill: (signal = 'SIGTERM') => child.kill(signal) }
}

/** Process ids whose network namespace is one of `inodes`. */
export function processesIn(inodes: ReadonlySet<number>): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    const inode = namespaceInode(name)
    return inode !== undefined && inodes.has(inode) ? [Number(name)] : []
  })
}

/** Undefined for a process that is gone, is a zombie, or is not ours to look at: none of these is in a lab. */
function namespaceInode(pid: string): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino
  } catch {
    return undefined
  }
}

/** A process's command line, or nothing when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}
