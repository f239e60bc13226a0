import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * Removes the locks of stacks whose Pulumi was killed on this machine: each says which process made it. Without this,
 * every operation after a kill would ask for `pulumi cancel` first.
 */
export function removeAbandonedLocks(stateDirectory: string): void {
  const directory = join(stateDirectory, '.pulumi', 'locks')
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.json')) continue
    const file = join(directory, entry)
    const { pid, hostname: host } = JSON.parse(readFileSync(file, 'utf8')) as {
      pid: number
      hostname: string
    }
    if (host === hostname() && !existsSync(`/proc/${pid}`)) rmSync(file)
  }
}
