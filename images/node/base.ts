import { appendFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../command.ts'
import { pluginNames, versions } from './programs.ts'

/**
 * Makes of a Debian root what kind's images/base/Dockerfile makes of it, without a registry: its files from kind's own
 * module, the programs built here.
 *
 * @param base kind's `images/base`.
 * @param programOf where a program is that was built.
 */
export async function furnish(
  root: string,
  base: string,
  programOf: (name: string) => string,
  signal?: AbortSignal,
): Promise<void> {
  // Modules are read-only in Go's cache, and modes are not in them.
  await cp(join(base, 'files'), root, { recursive: true, force: true })
  const modes =
    'cd "$1" && chmod -R u=rwX,go=rX kind LICENSES etc/containerd etc/systemd/system etc/sysctl.d' +
    ' && chmod 755 usr/local/bin/* kind kind/bin/*'
  await command('giving modes to files of kind', ['sh', '-c', modes, 'sh', root], { signal })
  for (const pattern of unwanted) await removeMatching(root, pattern)
  await appendFile(join(root, 'etc/systemd/journald.conf'), 'ReadKMsg=no\n')
  for (const name of ['containerd', 'containerd-shim-runc-v2', 'ctr', 'crictl'])
    await cp(programOf(name), join(root, 'usr/local/bin', name))
  await cp(programOf('runc'), join(root, 'usr/local/sbin/runc'))
  await mkdir(join(root, 'opt/cni/bin'), { recursive: true })
  for (const name of pluginNames) await cp(programOf(name), join(root, 'opt/cni/bin', name))
  await mkdir(join(root, 'etc/kubernetes/manifests'), { recursive: true })
  await mkdir(join(root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true })
  for (const service of ['kubelet', 'containerd', 'undo-mount-hacks']) {
    const wanted = join(root, `etc/systemd/system/multi-user.target.wants/${service}.service`)
    await symlink(`/etc/systemd/system/${service}.service`, wanted)
  }
  await symlink('/dev/null', join(root, 'etc/systemd/system/systemd-binfmt.service'))
  await writeFile(join(root, 'etc/containerd/cri-base.json'), await runtimeSpec(root, signal))
  const config = join(root, 'etc/containerd/config.toml')
  await writeFile(config, containerdConfig(await readFile(config, 'utf8')))
}

/** Units that have nothing to do in a container. */
const unwanted = [
  { directory: 'lib/systemd/system/sysinit.target.wants', name: /^systemd-tmpfiles-setup\.service$/ },
  { directory: 'lib/systemd/system/multi-user.target.wants', name: /./ },
  { directory: 'lib/systemd/system/local-fs.target.wants', name: /./ },
  { directory: 'lib/systemd/system/sockets.target.wants', name: /udev|initctl/ },
  { directory: 'lib/systemd/system/basic.target.wants', name: /./ },
  { directory: 'etc/systemd/system', name: /\.wants$/ },
]

async function removeMatching(root: string, { directory, name }: (typeof unwanted)[number]): Promise<void> {
  const within = join(root, directory)
  for (const entry of await readdir(within).catch(() => []))
    if (name.test(entry)) await rm(join(within, entry), { recursive: true })
}

/** What containerd starts every container from: with kind's hook, and without limits that a kind node may not set. */
async function runtimeSpec(root: string, signal: AbortSignal | undefined): Promise<string> {
  const spec = JSON.parse(
    await command('ctr oci spec', [join(root, 'usr/local/bin/ctr'), 'oci', 'spec'], { signal }),
  )
  delete spec.process.rlimits
  spec.hooks ??= {}
  spec.hooks.createContainer = [
    ...(spec.hooks.createContainer ?? []),
    { path: '/kind/bin/mount-product-files.sh' },
  ]
  return `${JSON.stringify(spec)}\n`
}

/**
 * The pause image that this kubeadm asks for; and no container asks for a better score than its node has, which a
 * machine without CAP_SYS_RESOURCE refuses.
 *
 * @throws Error where kind's file is not the one that is known here.
 */
export function containerdConfig(ofKind: string): string {
  const changed = ofKind
    .replace(/sandbox_image = "registry\.k8s\.io\/pause:[^"]*"/, `sandbox_image = "${pauseImage}"`)
    .replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true')
  if (!changed.includes(pauseImage) || !changed.includes('restrict_oom_score_adj = true'))
    throw new Error('kind’s containerd configuration has changed: look at images/node/base.ts')
  return changed
}

export const pauseImage = `registry.k8s.io/pause:${versions.pause}`
