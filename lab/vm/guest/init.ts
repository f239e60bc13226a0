import { quote } from '../shell-quote.ts'

export interface InitPlan {
  /** A statically linked busybox: before the overlay is up nothing of the machine's own userland is relied on. */
  readonly busybox: string
  /** Directory of the kernel's modules, with `modules.dep`; undefined when all is built in. */
  readonly modules: string | undefined
  /** `uname -r`. */
  readonly release: string
  /** A program of that name which is enough to load modules on demand. */
  readonly modprobe: string
  /** Modules that have to be there before modprobe works, as paths, in order. */
  readonly early: readonly string[]
  /** Type and source, for mount(8), of the file system that shares the sandbox's exchange directory. */
  readonly mountExchange: string
  /** The serial device that commands come in on. */
  readonly device: string
  readonly node: string
  /** Where compiled modules are, see `compiledCodeDirectory`. */
  readonly compiled: string | undefined
  readonly server: string
}

/**
 * The first process of User-Mode Linux, for busybox: puts a writable overlay over the read-only root and goes on as any
 * guest. Every program started costs milliseconds there, so there are few.
 */
export function umlInit(plan: InitPlan): string {
  return `#!${plan.busybox} sh
set -e
mount() { ${quote(plan.busybox)} mount "$@"; }
mount -t proc proc /proc
${plan.early.map((module) => `${quote(plan.busybox)} insmod ${quote(module)}`).join('\n')}
${overlay(plan.busybox, '/')}
cd /mnt/root
${quote(plan.busybox)} pivot_root . mnt
${userland(plan, '/mnt/mnt')}`
}

/**
 * The first process of a kernel under QEMU, in its initramfs: loads what it takes to see the sandbox's root, lays the
 * overlay over it and leaves the initramfs for {@link qemuInit} there. Not by chroot: the kernel would go on to look for
 * modprobe in the initramfs.
 */
export function initramfsInit(modules: readonly string[]): string {
  return `#!/busybox sh
set -e
mount() { /busybox mount "$@"; }
mount -t proc proc /proc
${modules.map((module) => `/busybox insmod ${quote(module)}`).join('\n')}
/busybox mkdir -p /lower
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
${overlay('/busybox', '/lower')}
mount --bind /mnt /mnt/root/mnt
exec /busybox switch_root /mnt/root /run/wireproof/init
`
}

/** What a kernel under QEMU goes on with once it sees the sandbox's root. */
export function qemuInit(plan: InitPlan): string {
  return `#!${plan.busybox} sh
set -e
mount() { ${quote(plan.busybox)} mount "$@"; }
${userland(plan, '/mnt')}`
}

// Without nosuid a set-user-ID program such as mount, seen through a user namespace, would make root into nobody.
const overlay = (busybox: string, lower: string) => `mount -t tmpfs -o mode=755 overlay /mnt
${quote(busybox)} mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o nosuid,lowerdir=${lower},upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root`

/** Mounts what a Linux userland expects, and starts the command server. `written` is where the overlay's tmpfs is. */
function userland(plan: InitPlan, written: string): string {
  const bb = quote(plan.busybox)
  return `mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=755 run /run
${bb} mkdir -p /run/wireproof/overlay /run/wireproof/exchange /run/netns /dev/pts /dev/shm /lib/modules
mount --move ${written} /run/wireproof/overlay
${bb} umount -l /mnt 2>/dev/null || :
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount ${plan.mountExchange} /run/wireproof/exchange
${
  plan.modules === undefined
    ? ''
    : `${bb} rm -rf /lib/modules/${plan.release}
${bb} ln -s ${quote(plan.modules)} /lib/modules/${plan.release}
echo ${quote(plan.modprobe)} >/proc/sys/kernel/modprobe`
}
echo wireproof >/proc/sys/kernel/hostname
# User-Mode Linux 7.2 panics when node unmaps an io_uring ring.
if [ -e /proc/sys/kernel/io_uring_disabled ]; then echo 2 >/proc/sys/kernel/io_uring_disabled; fi
${bb} ip link set lo up
${plan.device.includes('tty') ? `${bb} stty raw -echo <${plan.device}` : ''}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root UV_USE_IO_URING=0${plan.compiled === undefined ? '' : ` NODE_COMPILE_CACHE=${quote(plan.compiled)}`}
# Not exec: as the first process the shell reaps what commands leave behind, which node would not.
${quote(plan.node)} ${quote(plan.server)} ${plan.device} &
wait $! || :
${bb} poweroff -f
`
}
