import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../problem.ts'
import { atomicDirectory, exists } from './artefacts/atomic.ts'
import { busybox } from './artefacts/busybox.ts'
import { cacheDirectory } from './artefacts/cache.ts'
import { CommandError, command } from './artefacts/command.ts'
import { download } from './artefacts/debian.ts'
import { builtDirectory } from './artefacts/uml.ts'

const fragment = fileURLToPath(new URL('uml.config', import.meta.url))

/** What the build runs, and the Debian package that brings it. */
const tools: Readonly<Record<string, string>> = {
  gcc: 'gcc',
  make: 'make',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  xz: 'xz-utils',
  pahole: 'dwarves',
  strip: 'binutils',
}

export interface BuildSteps {
  /** Stops after the configuration was made: what shows in seconds that a build would start right. */
  readonly configureOnly?: boolean
  readonly cache?: string
  readonly signal?: AbortSignal
}

/**
 * Makes our own User-Mode Linux 7.2 from Debian's source: BTF, WireGuard, netkit, no modules, userland after a quarter
 * of a second. Half an hour on two cores; kept in the cache, and used from then on wherever User-Mode Linux is.
 *
 * @returns the directory it is in.
 */
export async function buildKernel(
  progress: (line: string) => void,
  options: BuildSteps = {},
): Promise<string> {
  await requireTools()
  const cache = options.cache ?? cacheDirectory()
  const directory = builtDirectory(cache)
  if (await exists(directory)) {
    progress(`already built: ${directory}`)
    return directory
  }
  return atomicDirectory(directory, async (temporary) => {
    const work = join(temporary, 'work')
    await mkdir(work)
    progress("downloading Debian's source of Linux 7.2 (164 MB)")
    const [source] = await download('sid', ['linux-source-7.2'], work, options.signal)
    progress('unpacking')
    await run('dpkg-deb', ['-x', source!.file, work], options)
    await rm(source!.file)
    await run('tar', ['-C', work, '-xf', join(work, 'usr/src/linux-source-7.2.tar.xz')], options)
    const tree = join(work, 'linux-source-7.2')
    const output = join(work, 'build')
    await mkdir(output)
    const make = (args: readonly string[]) =>
      run('make', ['-C', tree, 'ARCH=um', `O=${output}`, ...args], options)
    progress('configuring')
    await make([`KCONFIG_ALLCONFIG=${fragment}`, 'allnoconfig'])
    const refused = missingSettings(
      await readFile(fragment, 'utf8'),
      await readFile(join(output, '.config'), 'utf8'),
    )
    if (refused.length > 0) progress(`this source does not take: ${refused.join(', ')}`)
    if (options.configureOnly) throw new ConfiguredOnly()
    progress('compiling, about half an hour on two cores')
    await make([`-j${availableParallelism()}`])
    progress('stripping')
    await run('strip', ['-o', join(temporary, 'linux'), join(output, 'vmlinux')], options)
    const release = (await readFile(join(output, 'include/config/kernel.release'), 'utf8')).trim()
    await copyFile(join(output, '.config'), join(temporary, 'config'))
    await busybox(temporary, options.signal)
    await writeFile(
      join(temporary, 'artefact.json'),
      JSON.stringify({ release, versions: { [source!.name]: source!.version } }),
    )
    await rm(work, { recursive: true })
  })
}

/** Thrown through the build so that nothing half-made is kept. */
export class ConfiguredOnly extends Error {}

/** Settings of a fragment that did not come out as asked: kconfig drops in silence what it does not know. */
export function missingSettings(fragment: string, config: string): string[] {
  const made = new Set(config.split('\n'))
  return fragment
    .split('\n')
    .filter((line) => line.startsWith('CONFIG_'))
    .filter((line) => {
      const [name, value] = line.split('=')
      return value === 'n' ? made.has(`${name}=y`) || made.has(`${name}=m`) : !made.has(line)
    })
}

async function requireTools(): Promise<void> {
  const paths = (process.env.PATH ?? '').split(':')
  const names = await Promise.all(
    Object.entries(tools).map(async ([tool, name]) => {
      const found = await Promise.all(paths.map((path) => exists(join(path, tool))))
      return found.includes(true) ? [] : [name]
    }),
  )
  const libelf = (await exists('/usr/include/libelf.h')) ? [] : ['libelf-dev']
  const missing = [...names.flat(), ...libelf]
  if (missing.length > 0) {
    throw new Problem(
      'EBUILDTOOLS',
      3,
      `building a kernel needs ${missing.join(', ')}`,
      `As root: apt-get install ${missing.join(' ')}`,
    )
  }
}

async function run(program: string, args: readonly string[], { signal }: BuildSteps): Promise<void> {
  try {
    await command(program, args, signal ? { signal } : {})
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const lines = error.output.trim().split('\n')
    const why = lines.findLast((line) => /error:|Error |No space left/.test(line)) ?? lines.at(-1)
    throw new Problem(
      'EBUILD',
      4,
      `${program} failed while the kernel was built: ${why}`,
      'Check disk space (6 GB) and try again.',
    )
  }
}
