import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ImageContent } from '../archive/image-archive.ts'
import type { TarEntry } from '../archive/tar.ts'
import { command } from '../command.ts'
import { libraryIn } from '../content/libraries.ts'
import { pauseImage } from './base.ts'
import { versions } from './programs.ts'

/**
 * Images that kind's node build looks for and pulls where they are missing: of its own network and storage, which no
 * cluster of ours has. Under these names are pause images. kind's pkg/build/nodeimage/const_cni.go and const_storage.go.
 */
const notUsed = [
  'docker.io/kindest/kindnetd:v20260528-9350166c',
  'docker.io/kindest/local-path-provisioner:v20260521-9fb22683',
  'docker.io/kindest/local-path-helper:v20260131-7181c60a',
]

/** The archives that a release's server tarball has, by name, and the images in each. */
export async function serverImages(
  root: string,
  programOf: (name: string) => string,
  pause: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, readonly ImageContent[]>>> {
  const kubernetes = async (name: string, ...more: TarEntry[]): Promise<ImageContent> => ({
    names: [`registry.k8s.io/${name}:v${versions.kubernetes}`],
    entries: [await program(programOf(name), 'usr/local/bin'), ...more, ...directories],
  })
  const etcd: ImageContent = {
    names: [`registry.k8s.io/etcd:${versions.etcd}-0`],
    entries: [await program(programOf('etcd'), 'usr/local/bin'), ...directories],
  }
  const coredns: ImageContent = {
    names: [`registry.k8s.io/coredns/coredns:v${versions.coredns}`],
    entries: [await program(programOf('coredns'), ''), ...directories],
    entrypoint: ['/coredns'],
  }
  const sandbox: ImageContent = {
    names: [pauseImage, ...notUsed],
    entries: [await program(pause, '')],
    entrypoint: ['/pause'],
    user: '65535:65535',
  }
  // kind reads four archives and no other, so the rest is in one of them.
  return {
    'kube-apiserver': [await kubernetes('kube-apiserver'), etcd, coredns, sandbox],
    'kube-controller-manager': [await kubernetes('kube-controller-manager')],
    'kube-scheduler': [await kubernetes('kube-scheduler')],
    'kube-proxy': [await kubernetes('kube-proxy', ...(await netfilter(root, signal)))],
  }
}

const directories: readonly TarEntry[] = [{ type: 'directory', name: 'tmp', mode: 0o1777 }]

async function program(path: string, directory: string): Promise<TarEntry> {
  const { size } = await stat(path)
  return { type: 'file', name: join(directory, basename(path)), mode: 0o755, path, size }
}

const commands = ['xtables-nft-multi', 'xtables-legacy-multi', 'nft', 'conntrack'].map(
  (name) => `/usr/sbin/${name}`,
)
const families = ['iptables', 'ip6tables']

/** The programs by which kube-proxy writes its rules, the extensions they load, and every library of both. */
async function netfilter(root: string, signal: AbortSignal | undefined): Promise<TarEntry[]> {
  const inRoot = (script: string) =>
    command('looking for libraries', ['chroot', root, 'sh', '-c', script], { signal }).then((text) =>
      text.split('\n').filter(Boolean),
    )
  const extensions = await inRoot('ls /usr/lib/*/xtables/*.so')
  const used = [...commands, '/bin/kmod', ...extensions]
  // An extension has libraries of its own, such as libm for libxt_statistic.so: without it no Service has two endpoints.
  const libraries = (await inRoot(`ldd ${used.join(' ')} 2>/dev/null`)).flatMap(
    (line) => libraryIn(line) ?? [],
  )
  const entries: TarEntry[] = []
  for (const name of new Set([...used, ...libraries])) {
    const [real = name] = await inRoot(`readlink -f ${name}`)
    const path = join(root, real)
    const { size, mode } = await stat(path)
    entries.push({ type: 'file', name: name.slice(1), mode: mode & 0o777, path, size })
  }
  for (const family of families)
    for (const suffix of ['', '-save', '-restore'])
      entries.push({ type: 'symlink', name: `usr/sbin/${family}${suffix}`, target: 'xtables-nft-multi' })
  entries.push({ type: 'symlink', name: 'sbin/modprobe', target: '/bin/kmod' })
  return entries
}
