import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { which } from '../../setup/pulumi/find.ts'
import { Problem } from '../problem.ts'
import { atomicDirectory } from '../vm/artefacts/atomic.ts'
import { cacheDirectory } from '../vm/artefacts/cache.ts'
import { command } from '../vm/artefacts/command.ts'
import { bootGuest } from '../vm/boot.ts'
import { withSystemPrograms } from '../vm/host.ts'
import type { ClusterShape } from './stand-up.ts'

const program = fileURLToPath(new URL('make-cluster.ts', import.meta.url))
const prefix = 'kind-disk-'
const diskFile = 'disk.img'
/** Of its file system. Of the file only what was written takes room. */
const gibibytes = 24
const layout = 3
/** The disk as a guest sees it. */
export const guestDisk = '/dev/vda'
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
 * A disk of Docker's with a cluster on it that was stopped before anything of ours was in it, made once for each node image and
 * shape: to start a cluster takes a fraction of what it takes to make one. Root makes it in this machine's kernel, in
 * namespaces of its own; whoever is not root, or cannot, in the kernel of a guest, whose processor is emulated.
 *
 * @returns its path.
 */
export async function clusterDisk(options: DiskOptions): Promise<string> {
  const { cluster, digest, report, signal } = options
  const shape = JSON.stringify(cluster)
  const name = createHash('sha256').update(`${layout} ${digest} ${shape}`).digest('hex').slice(0, 12)
  const directory = join(cacheDirectory(), `${prefix}${name}`)
  await atomicDirectory(directory, async (partial) => {
    await removeOthers(directory)
    const disk = join(partial, diskFile)
    if (process.getuid?.() === 0 && which('dockerd'))
      try {
        report('disk: making a cluster, once for this node image: about two minutes')
        await format(disk)
        return await makeHere(disk, options)
      } catch (error) {
        signal?.throwIfAborted()
        report(`disk: not in this machine's kernel: ${(error as Error).message}`)
      }
    report('disk: making a cluster in a kernel under QEMU, once for this node image: ten minutes and more')
    await format(disk)
    await makeInGuest(disk, options)
  })
  return join(directory, diskFile)
}

async function format(disk: string): Promise<void> {
  await writeFile(disk, '')
  await truncate(disk, gibibytes * 2 ** 30)
  await command('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', disk])
}

/** With no process, mount or device left when it ends, however it ends. */
async function makeHere(disk: string, { archive, cluster, signal }: DiskOptions): Promise<void> {
  const inside = 'ip link set lo up && mount -t tmpfs none /run && exec "$0" "$@"'
  const namespaces = ['--net', '--mount', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc']
  const child = spawn('unshare', [...namespaces, 'sh', '-c', inside, ...maker(disk, archive, cluster)], {
    env: { ...process.env, PATH: withSystemPrograms(process.env.PATH) },
    stdio: ['ignore', process.stderr, process.stderr],
    ...(signal && { signal }),
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Problem('EDISK', 4, `making a cluster on the disk ended with code ${code}`)
}

async function makeInGuest(disk: string, options: DiskOptions): Promise<void> {
  const { archive, cluster, signal } = options
  const visible = [archive, ...options.visible]
  const guest = await bootGuest(
    { kind: 'qemu' },
    { visible, disk, processors, memoryMib, ...(signal && { signal }) },
  )
  try {
    const code = await guest.run(maker(guestDisk, archive, cluster), {
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
}

function maker(disk: string, archive: string, cluster: ClusterShape): string[] {
  const [node, quiet] = [process.execPath, '--disable-warning=ExperimentalWarning']
  return [node, quiet, program, disk, archive, JSON.stringify(cluster)]
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
