import { readlink, realpath, stat } from 'node:fs/promises'
import { run } from '../../setup/pulumi/run.ts'
import type { TarEntry } from '../archive/tar.ts'
import { command } from '../command.ts'

/** @param line of `ldd`. */
export function libraryIn(line: string): string | undefined {
  return /(?:=>\s+|^\s+)(\/\S+)\s+\(0x[0-9a-f]+\)/.exec(line)?.[1]
}

/**
 * Files of this machine under the names by which they are looked for, with every shared library that they load.
 *
 * @param paths absolute.
 */
export async function withLibraries(paths: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const text = await command('looking for libraries', ['ldd', ...paths], { signal })
  const libraries = text.split('\n').flatMap((line) => libraryIn(line) ?? [])
  return [...new Set([...paths, ...libraries])].sort()
}

/** As a file with the content of what the path leads to. */
export async function fileAt(path: string, name: string = path.slice(1), mode?: number): Promise<TarEntry> {
  const real = await realpath(path)
  const { size, mode: itsMode } = await stat(real)
  return { type: 'file', name, mode: mode ?? (itsMode & 0o111 ? 0o755 : 0o644), path: real, size }
}

export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
}

/** The Debian packages that files of this machine are from. Of a file that is from none, nothing is said. */
export async function debianPackagesOf(paths: readonly string[]): Promise<DebianPackage[]> {
  const owners = new Set<string>()
  for (const path of paths)
    for (const candidate of await namesOf(path)) {
      const { code, stdout } = await run('dpkg-query', ['-S', candidate])
      const [owner] = code === 0 ? stdout.split(/, |: \//) : []
      if (owner !== undefined) owners.add(owner.trim())
    }
  if (owners.size === 0) return []
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg’s own placeholders.
  const format = '${Package}\t${Version}\t${Architecture}\n'
  const { stdout } = await run('dpkg-query', ['-W', '-f', format, ...[...owners].sort()])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([name = '', version = '', architecture = '']) => ({ name, version, architecture }))
}

/** dpkg knows a file by the name it was installed under, which /lib and /usr/lib are two of. */
async function namesOf(path: string): Promise<string[]> {
  const real = await realpath(path)
  const names = [path, real, await readlink(path).catch(() => path)]
  const both = names.flatMap((name) => [
    name,
    name.replace(/^\/usr\//, '/'),
    name.replace(/^\/(lib|bin|sbin)/, '/usr/$1'),
  ])
  return [...new Set(both)].filter((name) => name.startsWith('/'))
}
