import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, isIntact } from '../../setup/pulumi/cache.ts'
import { command } from '../command.ts'
import { imagesDirectory } from '../directories.ts'
import { type Report, timed } from '../progress.ts'

/** Debian 12: its systemd 252 still runs on cgroup v1, as well as on v2. */
const suite = 'bookworm'

/** What kind's own base image has, but for the network storage that no demo needs; and what people look into nodes with. */
const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'util-linux', 'mount', 'kmod', 'procps', 'e2fsprogs'],
  ...['conntrack', 'iptables', 'nftables', 'ebtables', 'ethtool', 'iproute2', 'iputils-ping', 'socat'],
  ...['bash', 'ca-certificates', 'curl', 'jq', 'libseccomp2', 'busybox-static', 'tcpdump'],
]

const archive = 'root.tar'

/**
 * A Debian root file system as an archive, from the cache or made by debootstrap.
 *
 * @param mirror of Debian's archive; the one that debootstrap takes by itself, when absent.
 */
export async function rootArchive(
  report: Report,
  signal?: AbortSignal,
  mirror = process.env.WIREPROOF_DEBIAN_MIRROR || undefined,
): Promise<string> {
  const digest = createHash('sha256')
    .update(JSON.stringify([suite, packages]))
    .digest('hex')
    .slice(0, 12)
  const directory = join(imagesDirectory(), 'root', `${suite}-${process.arch}-${digest}`)
  if (!(await isIntact(directory, [archive])))
    await timed(report, 'Debian root file system', () => make(directory, mirror, signal), 100)
  return join(directory, archive)
}

async function make(
  directory: string,
  mirror: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  await install(
    directory,
    async (partial) => {
      const root = await mkdtemp(join(tmpdir(), 'wireproof-root-'))
      try {
        await command(
          'debootstrap',
          [
            'debootstrap',
            '--variant=minbase',
            `--include=${packages.join()}`,
            suite,
            root,
            ...(mirror ? [mirror] : []),
          ],
          { signal, environment: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' } },
        )
        // Fetched packages and indexes are of no use in a node.
        for (const each of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man'])
          await rm(join(root, each), { recursive: true, force: true })
        await command(
          'packing the root file system',
          ['tar', '-C', root, '-cf', join(partial, archive), '.'],
          {
            signal,
          },
        )
      } finally {
        // What debootstrap mounts while it works it may have left when it was interrupted.
        await command('unmounting', ['sh', '-c', `umount ${root}/proc ${root}/sys 2>/dev/null; true`])
        await rm(root, { recursive: true, force: true })
      }
    },
    [archive],
  )
}
