import { quote } from './shell-quote.ts'

/** A mount of this machine, as /proc/self/mountinfo tells. */
export interface MountPoint {
  readonly target: string
  /** Options of the mount itself, not of its file system, such as `rw`, `nosuid`, `relatime`. */
  readonly options: readonly string[]
}

/** Parses /proc/self/mountinfo (proc(5)). */
export function parseMountInfo(text: string): MountPoint[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ')
      return { target: unescapeOctal(fields[4]!), options: fields[5]!.split(',') }
    })
}

const unescapeOctal = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))

/** Replaced by private, empty file systems: they are writable for everyone, or hold secrets, or are not files. */
const replaced = ['/proc', '/sys', '/dev', '/run', '/tmp', '/var/tmp', '/root', '/home'] as const

export interface SandboxPlan {
  readonly mounts: readonly MountPoint[]
  /** Which of the replaced directories exist on this machine. */
  readonly exists: (path: string) => boolean
  /** Files and directories that are shown, read-only, even where the directories around them are replaced. */
  readonly visible: readonly { readonly path: string; readonly kind: 'file' | 'directory' }[]
  /** Size of the private /dev/shm, which holds the guest's memory. */
  readonly memoryMib: number
  /** Files to be written into the sandbox's /run/wireproof, executable. */
  readonly files: Readonly<Record<string, string>>
  /** Devices to keep, such as `/dev/kvm`. */
  readonly devices: readonly string[]
  /** Unprivileged identity to run as; undefined when the starter is no root and has a user namespace instead. */
  readonly uid: number | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
}

const within = (path: string, directory: string) => path === directory || path.startsWith(`${directory}/`)

/** A directory that the new root can be put together on: one that nothing which is shown lies in. */
function workplace(plan: SandboxPlan): string {
  const candidates = ['/mnt', '/media', '/srv', '/opt', '/boot']
  const free = candidates.find(
    (candidate) => plan.exists(candidate) && !plan.visible.some(({ path }) => within(path, candidate)),
  )
  if (!free) throw new Error(`none of ${candidates.join(', ')} is free to put the sandbox together on`)
  return free
}

/**
 * What runs in a fresh mount and process namespace to become a process that can write nowhere: a copy of the mount
 * tree, everything in it read-only, private file systems over what is writable for everyone or secret, and no
 * privilege left. User-Mode Linux hands its guest's root every right that its own process has on the host's files, so
 * this is what keeps the host safe, not the guest's read-only mount.
 */
export function sandboxScript(plan: SandboxPlan): string {
  const root = workplace(plan)
  const inside = (path: string) => quote(root + path)
  const gone = replaced.filter(plan.exists)
  const hidden = (path: string) => gone.some((directory) => within(path, directory))
  const kept = plan.mounts.filter(({ target }) => !hidden(target) && !within(target, root))
  // What lies in a directory that is shown comes with it, and could not be mounted on once that is read-only.
  const comesAlong = (path: string) =>
    plan.visible.some((other) => other.path !== path && within(path, other.path))
  const shown = plan.visible.filter(({ path }) => hidden(path) && !comesAlong(path))
  const directories = ['/run/wireproof/exchange', '/dev/shm', '/var/tmp', '/tmp']
  const drop = plan.uid === undefined ? [] : [`--reuid=${plan.uid}`, `--regid=${plan.uid}`, '--clear-groups']
  const owner = plan.uid ?? 0
  return [
    'set -e',
    `mount --rbind / ${root}`,
    ...kept.map(
      ({ target, options }) => `mount -o ${readOnly(options)} ${inside(target === '/' ? '' : target)}`,
    ),
    `mount -t proc -o ro,nosuid,nodev,noexec proc ${root}/proc`,
    ...gone
      .filter((directory) => directory !== '/proc')
      .map(
        (directory) =>
          `mount -t tmpfs -o mode=755,nosuid${directory === '/dev' ? '' : ',nodev'} wireproof ${inside(directory)}`,
      ),
    `mkdir -p ${directories
      .filter((d) => d !== '/var/tmp' || gone.includes('/var/tmp'))
      .map(inside)
      .join(' ')}`,
    `mount -t tmpfs -o mode=1777,nosuid,nodev,size=${plan.memoryMib + 64}m wireproof ${root}/dev/shm`,
    `chmod 1777 ${root}/tmp ${root}/var/tmp`,
    ...['/dev/null', ...plan.devices].map((device) => keepDevice(device, inside(device), plan.uid)),
    ...shown.flatMap(({ path, kind }) => [
      kind === 'directory'
        ? `mkdir -p ${inside(path)}`
        : `mkdir -p ${inside(path.slice(0, path.lastIndexOf('/')))}; : >${inside(path)}`,
      `mount --rbind ${quote(path)} ${inside(path)}`,
      `mount -o ${readOnly(optionsAt(path, plan.mounts))} ${inside(path)}`,
    ]),
    `chown ${owner}:${owner} ${root}/run/wireproof/exchange`,
    `chmod 700 ${root}/run/wireproof/exchange`,
    ...Object.entries(plan.files).map(
      ([name, text]) =>
        `cat >${root}/run/wireproof/${quote(name)} <<'WIREPROOF-END-OF-FILE'\n${text}\nWIREPROOF-END-OF-FILE\nchmod 755 ${root}/run/wireproof/${quote(name)}`,
    ),
    `cd ${root}`,
    'pivot_root . .',
    'umount -l .',
    `cd ${quote(plan.cwd)}`,
    // Not exec: a namespace's first process is deaf to SIGABRT, by which User-Mode Linux ends after a panic.
    ['setpriv', ...drop, '--inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL']
      .concat(
        'env -i',
        Object.entries(plan.env).map(([name, value]) => quote(`${name}=${value}`)),
      )
      .concat(plan.argv.map(quote))
      .join(' '),
    'exit $?',
    '',
  ].join('\n')
}

/** A root can give the sandbox's user a device node of its own; in a user namespace there is only the machine's. */
function keepDevice(device: string, inside: string, uid: number | undefined): string {
  return uid === undefined
    ? `: >${inside}; mount --bind ${quote(device)} ${inside}`
    : `cp -a ${quote(device)} ${inside}; chown ${uid} ${inside}`
}

/** Options of the mount that a path lies on: the last, because a later mount covers an earlier one. */
function optionsAt(path: string, mounts: readonly MountPoint[]): readonly string[] {
  let best: MountPoint | undefined
  for (const mount of mounts) {
    if (
      (mount.target === '/' || within(path, mount.target)) &&
      (!best || mount.target.length >= best.target.length)
    ) {
      best = mount
    }
  }
  return best?.options ?? []
}

/** In a user namespace the kernel refuses a remount that would drop one of the flags the mount came with. */
function readOnly(options: readonly string[]): string {
  const kept = options.filter((option) => option !== 'rw' && option !== 'ro')
  return ['remount', 'bind', 'ro', ...kept].join(',')
}
