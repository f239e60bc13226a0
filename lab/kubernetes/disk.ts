import { createHash } from 'node:crypto'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../problem.ts'
import { atomicDirectory } from '../vm/artefacts/atomic.ts'
import { cacheDirectory } from '../vm/artefacts/cache.ts'
import { command } from '../vm/artefacts/command.ts'
import { bootGuest } from '../vm/boot.ts'
import { withSystemPrograms } from '../vm/host.ts'

const program = fileURLToPath(new URL('guest/fill-disk.ts', import.meta.url))
const prefix = 'kind-disk-'
const image = 'disk.img'
/** Of its file system. Of the file only what was written takes room. */
const gibibytes = 24
const layout = 1

export interface DiskOptions {
  /** Of the node image, and by what it is known. */
  readonly archive: string
  readonly digest: string
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * A disk of Docker's on which kind's node image is unpacked already. It is filled by a kernel that is booted for it, once for
 * each image.
 *
 * @returns its path.
 */
export async function clusterDisk({ archive, digest, report, signal }: DiskOptions): Promise<string> {
  const name = createHash('sha256').update(`${layout} ${digest}`).digest('hex').slice(0, 12)
  const directory = join(cacheDirectory(), `${prefix}${name}`)
  await atomicDirectory(directory, async (partial) => {
    report('disk: unpacking kind’s node image in a kernel under QEMU, once: a minute or two')
    await removeOthers(directory)
    const disk = join(partial, image)
    await writeFile(disk, '')
    await truncate(disk, gibibytes * 2 ** 30)
    await command('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', disk])
    const options = { visible: [archive], disk, ...(signal && { signal }) }
    const guest = await bootGuest({ kind: 'qemu' }, { ...options, processors: 2, memoryMib: 4096 })
    try {
      const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, archive]
      const code = await guest.run(argv, {
        cwd: '/',
        env: { PATH: withSystemPrograms(process.env.PATH), HOME: '/root' },
        stdout: process.stderr,
        stderr: process.stderr,
        ...(signal && { signal }),
      })
      if (code !== 0) throw new Problem('EDISK', 4, `filling the disk ended with code ${code}`)
    } finally {
      await guest.stop()
    }
  })
  return join(directory, image)
}

/** A disk for one run. @returns its path: whoever boots with it unlinks it then. */
export async function copyOfDisk(path: string): Promise<string> {
  const copy = `${path}.run-${process.pid}`
  await command('cp', ['--sparse=always', '--reflink=auto', path, copy])
  return copy
}

/** Of images that have been replaced. */
async function removeOthers(directory: string): Promise<void> {
  for (const name of await readdir(cacheDirectory())) {
    const path = join(cacheDirectory(), name)
    if (name.startsWith(prefix) && path !== directory && !name.includes('.part-'))
      await rm(path, { recursive: true, force: true })
  }
}
