import { homedir } from 'node:os'
import { join } from 'node:path'

/** What was built, in the user's cache. Can be deleted at any time. */
export function imagesDirectory(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'wireproof', 'images')
}
