import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname } from 'node:path'

/**
 * Lets a server listen on a Unix socket that only its owner can open. Resolves when it listens; before, there is no such
 * file: whoever sees it can connect.
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  // Between bind(2), which makes the file, and listen(2) connections would be refused.
  const fresh = `${socketPath}.new`
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 })
  rmSync(fresh, { force: true })
  const umask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(fresh, resolve)
    })
  } finally {
    process.umask(umask)
  }
  chmodSync(fresh, 0o600)
  renameSync(fresh, socketPath)
}
