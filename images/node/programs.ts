import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GoBuild } from '../../setup/pulumi/build.ts'

/** Of what goes into the node image. The pins stand together: change them in one commit, with the wrapper modules. */
export const versions = {
  kind: '0.32.0',
  kubernetes: '1.34.2',
  containerd: '2.1.5',
  runc: '1.3.3',
  cni: '1.8.0',
  crictl: '1.36.0',
  etcd: '3.6.5',
  coredns: '1.12.1',
  pause: '3.10.1',
} as const

/** A program of the node image, built from a wrapper module here that pins every module of it by hash. */
export interface NodeProgram extends GoBuild {
  /** The folder of its wrapper module, which several may share. */
  readonly module: Module
  /** Seconds it took on two cores with empty caches, or with what is built before it; told while one waits. */
  readonly seconds: number
}

type Module = 'kubernetes' | 'etcd' | 'containerd' | 'runc' | 'cni' | 'crictl' | 'coredns'

const wrappers = fileURLToPath(new URL('../go', import.meta.url))

const remedy = 'use a machine that reaches an image registry: there the official kindest/node needs no build'

function program(
  name: string,
  module: Module,
  package_: string,
  seconds: number,
  how: Partial<Pick<GoBuild, 'stamp' | 'tags' | 'cgo'>> = {},
): NodeProgram {
  const wrapper = join(wrappers, module)
  return { name, module, wrapper, package: package_, seconds, stamp: [], remedy, ...how }
}

const kubernetes = (name: string, seconds: number) => {
  const [major, minor] = versions.kubernetes.split('.')
  const variable = 'k8s.io/component-base/version'
  const stamp = [
    `${variable}.gitVersion=v${versions.kubernetes}`,
    `${variable}.gitMajor=${major}`,
    `${variable}.gitMinor=${minor}`,
    `${variable}.gitTreeState=clean`,
  ]
  return program(name, 'kubernetes', `k8s.io/kubernetes/cmd/${name}`, seconds, { stamp })
}

const containerd = (name: string, seconds: number) => {
  const module = 'github.com/containerd/containerd/v2'
  // kind never chooses these snapshotters.
  const tags = ['no_aufs', 'no_zfs', 'no_btrfs', 'no_devmapper']
  const stamp = `${module}/version.Version=v${versions.containerd}`
  return program(name, 'containerd', `${module}/cmd/${name}`, seconds, { tags, stamp })
}

const cni = (name: string, kind: string) => {
  const module = 'github.com/containernetworking/plugins'
  const stamp = `${module}/pkg/utils/buildversion.BuildVersion=v${versions.cni}`
  return program(name, 'cni', `${module}/plugins/${kind}/${name}`, 2, { stamp })
}

/** Every program, the cheap ones first: what is wrong with Go or its proxy shows early. */
export const programs: readonly NodeProgram[] = [
  program('runc', 'runc', 'github.com/opencontainers/runc', 6, {
    // Control plane pods ask for the runtime's seccomp profile.
    tags: ['seccomp'],
    cgo: true,
    stamp: `main.version=${versions.runc}`,
  }),
  cni('host-local', 'ipam'),
  cni('ptp', 'main'),
  cni('bridge', 'main'),
  cni('loopback', 'main'),
  cni('portmap', 'meta'),
  kubernetes('kubectl', 100),
  kubernetes('kube-apiserver', 150),
  kubernetes('kubeadm', 20),
  kubernetes('kubelet', 100),
  kubernetes('kube-controller-manager', 60),
  kubernetes('kube-scheduler', 20),
  kubernetes('kube-proxy', 20),
  program('etcd', 'etcd', 'go.etcd.io/etcd/server/v3', 27),
  containerd('containerd', 70),
  containerd('containerd-shim-runc-v2', 10),
  containerd('ctr', 16),
  program('crictl', 'crictl', 'sigs.k8s.io/cri-tools/cmd/crictl', 57, {
    stamp: `sigs.k8s.io/cri-tools/pkg/version.Version=v${versions.crictl}`,
  }),
  program('coredns', 'coredns', 'github.com/coredns/coredns', 147),
]

export const pluginNames = programs.filter(({ module }) => module === 'cni').map(({ name }) => name)

/** Changes whenever another version or dependency of this program would be built, or it would be built otherwise. */
export function programDigest({ name, wrapper, package: path, stamp, tags, cgo }: GoBuild): string {
  const hash = createHash('sha256').update(JSON.stringify([name, path, stamp, tags, cgo]))
  for (const file of ['go.mod', 'go.sum', 'main.go'])
    if (existsSync(join(wrapper, file))) hash.update(readFileSync(join(wrapper, file)))
  return hash.digest('hex').slice(0, 12)
}
