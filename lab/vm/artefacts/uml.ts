import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../problem.ts'
import { atomicDirectory, exists } from './atomic.ts'
import { busybox } from './busybox.ts'
import { cacheDirectory } from './cache.ts'
import { command } from './command.ts'
import { download } from './debian.ts'
import { setInterpreter } from './elf.ts'

/** User-Mode Linux, ready to be started. */
export interface UmlArtefact {
  readonly directory: string
  readonly linux: string
  /** The C library the kernel was linked against, where this machine's is too old: to be started there, with it. */
  readonly library: string | undefined
  /** Undefined for a kernel with everything built in. */
  readonly modules: string | undefined
  readonly release: string
  /** Debian versions of what it was made of. */
  readonly versions: Readonly<Record<string, string>>
}

/** Bumped when what is made of the same packages changes. */
const layout = 1

/** Where a kernel is kept that this user has built. */
export function builtDirectory(cache: string): string {
  return join(cache, `uml-built-${layout}`)
}

/** User-Mode Linux: this user's own build where there is one, else Debian's 7.2 from sid, downloaded at first use (38 MB). */
export async function umlArtefact(
  options: { cache?: string; signal?: AbortSignal; progress?: (line: string) => void } = {},
): Promise<UmlArtefact> {
  const cache = options.cache ?? cacheDirectory()
  if (process.arch !== 'x64') {
    throw new Problem(
      'EARCHITECTURE',
      3,
      `Debian has User-Mode Linux for amd64 only, and this machine is ${process.arch}`,
      'use a kernel with ESP on this machine (--kernel host)',
    )
  }
  const built = builtDirectory(cache)
  if (await exists(built)) return describe(built)
  const directory = await atomicDirectory(join(cache, `uml-${layout}`), async (temporary) => {
    options.progress?.(
      'downloading User-Mode Linux from Debian sid (38 MB), because this kernel cannot do ESP',
    )
    await make(temporary, options.signal)
  })
  return describe(directory)
}

async function make(directory: string, signal?: AbortSignal): Promise<void> {
  const work = join(directory, 'work')
  await mkdir(work)
  const packages = await download('sid', ['user-mode-linux', 'libc6'], work, signal)
  const unpacked = join(work, 'unpacked')
  for (const { file } of packages) await command('dpkg-deb', ['-x', file, unpacked], signal ? { signal } : {})

  const kernel = await readFile(join(unpacked, 'usr/bin/linux.uml'))
  const loader = 'ld-linux-x86-64.so.2'
  setInterpreter(kernel, `./${loader}`)
  await writeFile(join(directory, 'linux'), kernel, { mode: 0o755 })
  const library = join(directory, 'lib')
  await mkdir(library)
  for (const name of [loader, 'libc.so.6']) {
    await copyFile(join(unpacked, 'usr/lib/x86_64-linux-gnu', name), join(library, name))
    await chmod(join(library, name), 0o755)
  }
  const modules = join(unpacked, 'usr/lib/uml/modules')
  const [release] = await readdir(modules)
  await rename(join(modules, release!), join(directory, 'modules'))
  await busybox(directory, signal)
  const versions = Object.fromEntries(packages.map(({ name, version }) => [name, version]))
  await writeFile(join(directory, 'artefact.json'), JSON.stringify({ release, versions }))
  await rm(work, { recursive: true })
}

async function describe(directory: string): Promise<UmlArtefact> {
  const { release, versions } = JSON.parse(await readFile(join(directory, 'artefact.json'), 'utf8'))
  const part = async (name: string) =>
    (await exists(join(directory, name))) ? join(directory, name) : undefined
  return {
    directory,
    linux: join(directory, 'linux'),
    library: await part('lib'),
    modules: await part('modules'),
    release,
    versions,
  }
}
