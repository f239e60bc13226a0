import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicDirectory, exists } from './atomic.ts'
import { busybox } from './busybox.ts'
import { cacheDirectory } from './cache.ts'
import { command } from './command.ts'
import { download } from './debian.ts'

/** A Debian kernel for QEMU. */
export interface DebianKernel {
  readonly directory: string
  readonly image: string
  readonly modules: string
  readonly release: string
  readonly versions: Readonly<Record<string, string>>
}

const suites: Readonly<Record<string, string>> = { '6.1': 'bookworm', '6.12': 'bookworm-backports' }
/** Which kernels can be had. */
export const kernelVersions = Object.keys(suites)

const layout = 1

/** What a lab may want loaded; the other modules of a Debian kernel, ten times as many, are for hardware. */
const keptFolders = [
  'arch',
  'crypto',
  'lib',
  'net',
  'fs',
  'drivers/net',
  'drivers/virtio',
  'drivers/char',
  'drivers/block',
]

/** A Debian kernel with its modules, unpacked and not installed: downloaded when first asked for, about 100 MB. */
export async function debianKernel(
  version: string,
  options: {
    cache?: string | undefined
    signal?: AbortSignal | undefined
    progress?: ((line: string) => void) | undefined
  } = {},
): Promise<DebianKernel> {
  const path = join(options.cache ?? cacheDirectory(), `debian-${version}-${layout}`)
  const directory = await atomicDirectory(path, async (temporary) => {
    options.progress?.(`downloading Debian's kernel ${version}, about 100 MB`)
    await make(version, temporary, options.signal)
  })
  const { release, versions } = JSON.parse(await readFile(join(directory, 'artefact.json'), 'utf8'))
  return {
    directory,
    image: join(directory, 'vmlinuz'),
    modules: join(directory, 'root/lib/modules', release),
    release,
    versions,
  }
}

async function make(version: string, directory: string, signal?: AbortSignal): Promise<void> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const work = join(directory, 'work')
  await mkdir(work)
  const [[kernel]] = await Promise.all([
    download(suites[version]!, [`linux-image-${architecture}`], work, signal, { resolveMeta: true }),
    busybox(directory, signal),
  ])
  const unpacked = join(work, 'unpacked')
  await command('dpkg-deb', ['-x', kernel!.file, unpacked], signal ? { signal } : {})
  const modules = (await exists(join(unpacked, 'lib/modules'))) ? 'lib/modules' : 'usr/lib/modules'
  const [release] = await readdir(join(unpacked, modules))
  await rename(join(unpacked, `boot/vmlinuz-${release}`), join(directory, 'vmlinuz'))
  const kept = join(directory, 'root/lib/modules', release!)
  await keepModules(join(unpacked, modules, release!), kept, signal)
  await command(
    join(directory, 'busybox'),
    ['depmod', '-b', join(directory, 'root'), release!],
    signal ? { signal } : {},
  )
  await writeFile(
    join(directory, 'artefact.json'),
    JSON.stringify({ release, versions: { [kernel!.name]: kernel!.version } }),
  )
  await rm(work, { recursive: true })
}

async function keepModules(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await mkdir(join(to, 'kernel/drivers'), { recursive: true })
  for (const folder of keptFolders) {
    if (await exists(join(from, 'kernel', folder))) {
      await rename(join(from, 'kernel', folder), join(to, 'kernel', folder))
    }
  }
  // Newer kernels come with compressed modules, which not every loader reads.
  await command('find', [to, '-name', '*.ko.xz', '-exec', 'xz', '-d', '{}', '+'], signal ? { signal } : {})
  for (const index of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    await rename(join(from, index), join(to, index))
  }
}
