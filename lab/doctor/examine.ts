import { existsSync, statfsSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { type DebianPackage, packages } from '../../setup/packages.mjs'
import { Problem } from '../problem.ts'
import { cacheDirectory } from '../vm/artefacts/cache.ts'
import { command } from '../vm/artefacts/command.ts'
import { chooseKernel } from '../vm/choose-kernel.ts'
import { whyNoEsp } from '../vm/host-kernel.ts'
import { recall } from '../vm/kvm.ts'

/** One thing that was looked at on this machine. */
export interface Finding {
  readonly what: string
  readonly ok: boolean
  readonly detail: string
  /** What would mend it, or what is done instead. */
  readonly remedy?: string
}

/** Looks at everything that decides what the project can do here. Changes nothing that stays. */
export async function examine(): Promise<Finding[]> {
  return Promise.all([
    kernelForLabs(),
    privileges(),
    esp(),
    bpf(),
    btf(),
    jit(),
    networkNamespaces(),
    userNamespaces(),
    kvm(),
    diskSpace(),
    nodeVersion(),
    ...packages.run.map(tool),
    ...packages.qemu.map(tool),
  ])
}

async function kernelForLabs(): Promise<Finding> {
  const what = 'kernel for labs'
  try {
    const choice = await chooseKernel('auto')
    if (choice.kind === 'host') return { what, ok: true, detail: choice.why }
    if (process.geteuid!() === 0) return { what, ok: true, detail: choice.why }
    const confined = await userNamespaces()
    return confined.ok
      ? { what, ok: true, detail: choice.why }
      : { what, ok: false, detail: 'a booted kernel cannot be confined', ...remedyOf(confined) }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { what, ok: false, detail: error.message, ...(error.remedy ? { remedy: error.remedy } : {}) }
  }
}

const remedyOf = ({ remedy }: Finding) => (remedy === undefined ? {} : { remedy })

async function privileges(): Promise<Finding> {
  const root = process.geteuid!() === 0
  return {
    what: 'privileges',
    ok: root,
    detail: root ? 'root' : `user ${process.geteuid!()}`,
    remedy: 'not needed: a booted kernel has a root of its own',
  }
}

async function esp(): Promise<Finding> {
  const obstacle = whyNoEsp()
  return {
    what: 'ESP in this kernel',
    ok: obstacle === undefined,
    detail: obstacle ?? `Linux ${release()} encrypts with AES-GCM`,
    remedy:
      'not needed: a kernel that has it is booted (CONFIG_INET_ESP and CONFIG_CRYPTO_GCM would spare that)',
  }
}

async function bpf(): Promise<Finding> {
  const what = 'BPF in this kernel'
  try {
    const { features } = await import('@wireproof/libbpf')
    const { bpf, missing, problem } = features()
    const ok = bpf && missing.length === 0
    const detail = ok ? 'tc programs, ring buffers, LPM maps' : (problem ?? `it lacks ${missing.join(', ')}`)
    return { what, ok, detail, remedy: 'not needed: a kernel that has it is booted' }
  } catch (error) {
    return { what, ok: false, detail: (error as Error).message, remedy: 'As root: apt-get install libbpf1' }
  }
}

async function btf(): Promise<Finding> {
  const ok = existsSync('/sys/kernel/btf/vmlinux')
  return {
    what: 'BTF in this kernel',
    ok,
    detail: ok ? '/sys/kernel/btf/vmlinux' : 'absent',
    remedy: 'not needed: the datapath uses no type of the kernel',
  }
}

async function jit(): Promise<Finding> {
  const path = '/proc/sys/net/core/bpf_jit_enable'
  const ok = existsSync(path)
  return {
    what: 'BPF JIT in this kernel',
    ok,
    detail: ok ? 'compiled' : 'interpreted',
    remedy: 'not needed: programs run at about half the speed',
  }
}

function networkNamespaces(): Promise<Finding> {
  return tried(
    'network namespaces',
    ['--net', ...(process.geteuid!() === 0 ? [] : ['--user', '--map-root-user']), 'true'],
    'not needed: a booted kernel has its own',
  )
}

function userNamespaces(): Promise<Finding> {
  return tried(
    'user namespaces',
    ['--user', '--map-root-user', '--mount', 'true'],
    process.geteuid!() === 0
      ? 'not needed by root'
      : 'As root: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0 (those that exist)',
  )
}

async function tried(what: string, args: readonly string[], remedy: string): Promise<Finding> {
  try {
    await command('unshare', args)
    return { what, ok: true, detail: 'can be made' }
  } catch (error) {
    return { what, ok: false, detail: (error as Error).message, remedy }
  }
}

async function kvm(): Promise<Finding> {
  const what = 'KVM'
  const remedy = 'not needed: QEMU emulates without it (slower), and User-Mode Linux does not use it'
  if (!existsSync('/dev/kvm')) return { what, ok: false, detail: 'there is no /dev/kvm', remedy }
  const may = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!may) return { what, ok: false, detail: 'this user may not open /dev/kvm', remedy }
  const tried = recall(join(cacheDirectory(), 'kvm.json'))
  if (!tried)
    return { what, ok: true, detail: '/dev/kvm opens; whether it runs a guest is tried by --kernel qemu' }
  return tried.works
    ? { what, ok: true, detail: 'runs guests' }
    : {
        what,
        ok: false,
        detail: '/dev/kvm opens, but a guest started with it printed nothing in 5 s',
        remedy,
      }
}

async function diskSpace(): Promise<Finding> {
  const cache = cacheDirectory()
  let existing = cache
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  const free = Math.floor((bavail * bsize) / (1 << 20))
  return {
    what: 'disk space',
    ok: free >= 500,
    detail: `${free >= 10_240 ? `${Math.floor(free / 1024)} GB` : `${free} MB`} free for ${cache}`,
    remedy: 'Free 500 MB there, or set XDG_CACHE_HOME to a place that has them.',
  }
}

async function nodeVersion(): Promise<Finding> {
  const ok = Number(process.versions.node.split('.')[0]) >= 24
  return { what: 'node', ok, detail: process.version, remedy: 'Run npm ci: it brings node 24.' }
}

async function tool({ name, provides, why }: DebianPackage): Promise<Finding> {
  const found = provides.find(existsSync)
  return {
    what: name,
    ok: found !== undefined,
    detail: found ?? `absent; it ${why}`,
    remedy: `As root: apt-get install ${name}`,
  }
}
