import { join } from 'node:path'
import { cacheDirectory } from '../lab/vm/artefacts/cache.ts'

/** What was built, in the user's cache. Can be deleted at any time. */
export function imagesDirectory(): string {
  return join(cacheDirectory(), 'images')
}
