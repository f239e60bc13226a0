import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where downloads and builds are kept for this user, all of them made again when missing. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache')
  return join(base, 'wireproof')
}
