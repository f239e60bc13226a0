import { createHash } from 'node:crypto'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../problem.ts'
import { atomicDirectory } from '../vm/artefacts/atomic.ts'
import { cacheDirectory } from '../vm/artefacts/cache.ts'
import { command } from '../vm/artefacts/command.ts'
import { bootGuest } from '../vm/boot.ts'
import { withSystemPrograms } from '../vm/host.ts'
import type { ClusterShape } from './stand-up.ts'

const program = fileURLToPath(new URL('guest/make-cluster.ts', import.meta.url))
const prefix = 'kind-disk-'
const diskFile = 'disk.img'
/** Of its file system. Of the file only what was written takes room. */
const gibibytes = 24
const layout = 2
/** Of a kernel that holds the cluster. */
export const memoryMib = 8192
export const processors = Math.min(4, availableParallelism())

export interface DiskOptions {
  readonly cluster: ClusterShape
  /** Of the image of its nodes, and by what that is known. */
  readonly archive: string
  readonly digest: string
  /** What else the kernel has to see: kind's program. */
  readonly visible: readonly string[]
  readonly report: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * A disk of Docker's with a cluster on it that was stopped before anything of ours was in it. It is made in a kernel that is
 * booted for it, once for each node image and shape: to start a cluster takes a fraction of what it takes to make one.
 *
 * @returns its path.
 */
export async function clusterDisk(options: DiskOptions): Promise<string> {
  const { cluster, archive, digest, report, signal } = options
  const shape = JSON.stringify(cluster)
  const name = createHash('sha256').update(`${layout} ${digest} ${shape}`).digest('hex').slice(0, 12)
  const directory = join(cacheDirectory(), `${prefix}${name}`)
  await atomicDirectory(directory, async (partial) => {
    report('disk: making a cluster in a kernel under QEMU, once for this node image: about ten minutes')
    await removeOthers(directory)
    const disk = join(partial, diskFile)
    await writeFile(disk, '')
    await truncate(disk, gibibytes * 2 ** 30)
    await command('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', disk])
    const visible = [archive, ...options.visible]
    const guest = await bootGuest(
      { kind: 'qemu' },
      { visible, disk, processors, memoryMib, ...(signal && { signal }) },
    )
    try {
      const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, archive, shape]
      const code = await guest.run(argv, {
        cwd: '/',
        env: { PATH: withSystemPrograms(process.env.PATH), HOME: '/root' },
        stdout: process.stderr,
        stderr: process.stderr,
        ...(signal && { signal }),
      })
      if (code !== 0) throw new Problem('EDISK', 4, `making a cluster on the disk ended with code ${code}`)
    } finally {
      await guest.stop()
    }
  })
  return join(directory, diskFile)
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
