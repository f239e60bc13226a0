import { readFileSync } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../../lab/problem.ts'
import type { TarEntry } from '../archive/tar.ts'
import { command } from '../command.ts'
import { type DebianPackage, debianPackagesOf, fileAt, withLibraries } from './libraries.ts'
import type { Lock, NeededPackage } from './npm-closure.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const nodePackage = `node-linux-${process.arch}`

/** In an image. */
export const nodePath = '/usr/local/bin/node'

/** Node itself among what an image holds. */
export function nodeComponent(lock: Lock): NeededPackage {
  return { path: '', name: nodePackage, locked: lock.packages[`node_modules/${nodePackage}`] ?? {} }
}

export function readLock(): Lock {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
}

export interface Runtime {
  readonly entries: readonly TarEntry[]
  readonly debian: readonly DebianPackage[]
}

/**
 * Node as the lock file pins it, without its symbols, and every shared library that it and some other files load.
 *
 * @param scratch where the stripped program stays until the image is written.
 * @param more programs and libraries of this machine, absolute.
 */
export async function runtime(
  scratch: string,
  more: readonly string[],
  signal?: AbortSignal,
): Promise<Runtime> {
  const original = join(root, 'node_modules', nodePackage, 'bin/node')
  if ((await stat(original).catch(() => undefined)) === undefined)
    throw new Problem(
      'ENODE',
      3,
      `${nodePackage} is not installed: ${original} is missing`,
      'npm ci brings it on Linux, x64 and arm64.',
    )
  const stripped = join(scratch, 'node')
  await copyFile(original, stripped)
  // A fifth of the program is symbols.
  await command('stripping node', ['llvm-strip', '--strip-all', stripped], { signal })
  const files = await withLibraries([original, ...more], signal)
  const system = files.filter((path) => path !== original && !path.startsWith(root))
  const entries = await Promise.all(system.map((path) => fileAt(path)))
  return {
    entries: [await fileAt(stripped, nodePath.slice(1), 0o755), ...entries],
    debian: await debianPackagesOf(system),
  }
}

/** Where the dynamic loader looks for a library of this architecture. */
export function systemLibrary(name: string): string {
  const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as 'x64' | 'arm64']
  return `/usr/lib/${triplet}/${name}`
}
