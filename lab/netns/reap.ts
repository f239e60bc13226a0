import { readdirSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { deleteNamespace } from '@wireproof/netlink'
import { commandLine, processesIn } from '../namespaces/process.ts'
import { labOfNamespace, namespacePath, runDirectories, runDirectory } from './layout.ts'

/** Names of all labs in this kernel, whole or half-made, from the namespaces and run directories that exist. */
export function labsHere(): string[] {
  const fromNamespaces = listDirectory('/run/netns').flatMap((name) => labOfNamespace(name) ?? [])
  return [...new Set([...fromNamespaces, ...listDirectory(runDirectories)])].sort()
}

export function namespacesOf(lab: string): string[] {
  return listDirectory('/run/netns').filter((name) => labOfNamespace(name) === lab)
}

/**
 * Removes every process, namespace (and with it every link, filter, SA and policy) and file of a lab, however far it
 * had come. Safe to run again, and on a lab that does not exist.
 */
export async function reap(lab: string): Promise<void> {
  const namespaces = namespacesOf(lab)
  await killIn(namespaces)
  for (const namespace of namespaces) deleteNamespace(namespace)
  rmSync(runDirectory(lab), { recursive: true, force: true })
  if (listDirectory(runDirectories).length === 0) rmSync(runDirectories, { recursive: true, force: true })
}

/** Kills every process in the namespaces and waits until none is left: a namespace lives as long as a process in it. */
export async function killIn(namespaces: readonly string[]): Promise<void> {
  const inodes = new Set(
    namespaces.flatMap((name) => statSync(namespacePath(name), { throwIfNoEntry: false })?.ino ?? []),
  )
  await killUntilGone(() => processesIn(inodes))
}

/** Kills these processes and waits until they are gone. */
export async function killProcesses(pids: readonly number[]): Promise<void> {
  await killUntilGone(() => pids.filter((pid) => commandLine(pid).length > 0))
}

async function killUntilGone(alive: () => readonly number[]): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const left = alive()
    if (left.length === 0) return
    for (const pid of left) kill(pid)
    await sleep(10)
  }
  throw new Error(`processes ${alive().join(', ')} survive SIGKILL`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
