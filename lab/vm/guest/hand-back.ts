import { rmSync } from 'node:fs'
import { copyRegularFiles } from '../copy-tree.ts'

/** The overlay's upper layer: it holds what was written in the guest and nothing else. */
const writtenHere = '/run/wireproof/overlay/upper'
/** Shared with the sandbox outside, which copies on to the caller's directory. */
const exchange = '/run/wireproof/exchange'

/**
 * Copies what has been written under `directory` to where the caller fetches it: by the time the command's end is
 * reported it is there.
 *
 * @returns what was left out: all that is neither a regular file nor a directory.
 */
export function handBack(directory: string, number: number): Promise<string[]> {
  return copyRegularFiles(writtenHere + directory, `${exchange}/${number}`, { flush: true })
}

/** The caller has its copy. */
export function discard(number: number): void {
  rmSync(`${exchange}/${number}`, { recursive: true, force: true })
}
