import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProcessEntry {
  readonly pid: number
  readonly argv: readonly string[]
}

/** The processes of this user, from /proc; what ends meanwhile is left out. */
export function ownProcesses(): ProcessEntry[] {
  const uid = process.geteuid!()
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      if (statSync(`/proc/${name}`).uid !== uid) return []
      const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1)
      return [{ pid: Number(name), argv }]
    } catch {
      return []
    }
  })
}

/** When a process started, in ticks since boot: with its number this names it for ever. Undefined when it is gone. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Asks a process to end, and makes it after a while; resolves when it is gone. */
export async function endProcess(pid: number, patienceMs: number): Promise<void> {
  const kill = (signal: NodeJS.Signals) => {
    try {
      process.kill(pid, signal)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
      throw error
    }
  }
  if (patienceMs > 0) {
    if (!kill('SIGTERM')) return
    for (const until = Date.now() + patienceMs; Date.now() < until; await delay(10)) if (!alive(pid)) return
  }
  if (!kill('SIGKILL')) return
  while (alive(pid)) await delay(10)
}

function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}
