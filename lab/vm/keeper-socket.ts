import { lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../problem.ts'

/** Marks a keeper in the process table; the lab's name follows. */
export const keeperMarker = 'wireproof-keeper='

/** Where keepers listen: a directory that only this user can enter. */
export function socketDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const uid = process.geteuid!()
  const runtime = env.XDG_RUNTIME_DIR?.startsWith('/') ? env.XDG_RUNTIME_DIR : undefined
  const directory = runtime ? join(runtime, 'wireproof') : `${uid === 0 ? '/run' : '/tmp'}/wireproof-${uid}`
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Problem(
      'EUNSAFE',
      4,
      `${directory} is not a directory that this user alone can enter`,
      `Remove it, or set XDG_RUNTIME_DIR.`,
    )
  }
  return directory
}

export function socketPath(lab: string): string {
  return join(socketDirectory(), `${lab}.sock`)
}
