import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Problem } from '../problem.ts'
import { atomicFile } from './artefacts/atomic.ts'
import { cacheDirectory } from './artefacts/cache.ts'
import { command } from './artefacts/command.ts'
import { characterDeviceType, cpioArchive, fileType } from './artefacts/cpio.ts'
import { type DebianKernel, debianKernel, kernelVersions } from './artefacts/debian-kernel.ts'
import { loadOrder, parseModulesDep } from './artefacts/modules.ts'
import type { BootOptions } from './boot.ts'
import { checkout } from './checkout.ts'
import { compiledCodeDirectory } from './compiled-code.ts'
import { initramfsInit, qemuInit } from './guest/init.ts'
import { defaultMemoryMib } from './host.ts'
import { kvmWorks } from './kvm.ts'
import { diskDescriptors, guestMark, type Machine, startMachine } from './machine.ts'

export const versions: readonly string[] = kernelVersions
export const defaultVersion = '6.12'

/** What a Debian kernel must load before it sees the sandbox's root and the line that commands come in on. */
const earlyModules = [
  'virtio_pci',
  'virtio_console',
  '9pnet_virtio',
  '9p',
  'overlay',
  'virtio_rng',
  'virtio_blk',
]

/** Starts a Debian kernel under QEMU, with KVM where it really works. */
export async function startQemu(
  version: string,
  options: BootOptions,
): Promise<{ machine: Machine; description: string }> {
  const emulator = await qemuVersion()
  const kernel = await debianKernel(version, options)
  const initrd = await initramfs(kernel)
  const memoryMib = options.memoryMib ?? defaultMemoryMib()
  const start = (accelerator: 'kvm' | 'tcg', append: string) =>
    startMachine({
      visible: [kernel.directory, ...(options.visible ?? [])],
      memoryMib,
      files: { init: init(kernel) },
      devices: accelerator === 'kvm' ? ['/dev/kvm'] : [],
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      argv: [
        emulator.program,
        ...machineArguments(accelerator, kernel, initrd, append, { ...options, memoryMib }),
      ],
      cpu: options.cpu,
      disk: options.disk,
    })
  const kvm = await kvmWorks(join(options.cache ?? cacheDirectory(), 'kvm.json'), () =>
    start('kvm', 'earlyprintk=ttyS0'),
  )
  const accelerator = kvm ? 'kvm' : 'tcg'
  return {
    machine: start(accelerator, 'quiet'),
    description: `qemu ${emulator.version} (${accelerator.toUpperCase()})`,
  }
}

function machineArguments(
  accelerator: 'kvm' | 'tcg',
  kernel: DebianKernel,
  initrd: string,
  append: string,
  { memoryMib, processors = 1, disk, lab }: BootOptions & { readonly memoryMib: number },
): string[] {
  const share = (id: string, path: string, more: string) => [
    '-fsdev',
    `local,id=${id},path=${path},security_model=none,multidevs=remap${more}`,
    '-device',
    `virtio-9p-pci,fsdev=${id},mount_tag=${id}`,
  ]
  return [
    ...[
      '-name',
      `guest=${guestMark(lab)}`,
      '-no-user-config',
      '-nodefaults',
      '-no-reboot',
      '-display',
      'none',
    ],
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg', '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    // Under TCG a second CPU on a busy machine makes everything two times slower.
    ...['-smp', `${processors}`, '-m', `${memoryMib}M`],
    ...['-kernel', kernel.image, '-initrd', initrd],
    ...['-append', `console=ttyS0 panic=-1 ${append}`],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', '-chardev', 'socket,id=line,fd=3'],
    ...['-device', 'virtserialport,chardev=line,name=wireproof'],
    ...['-device', 'virtio-rng-pci'],
    ...(disk === undefined ? [] : diskArguments),
    ...share('root', '/', ',readonly=on'),
    ...share('exchange', '/run/wireproof/exchange', ''),
  ]
}

/** It is a copy, of which nothing is wanted after a crash. */
const diskArguments = [
  ...Object.values(diskDescriptors).flatMap((descriptor) => ['-add-fd', `fd=${descriptor},set=1`]),
  ...['-drive', 'file=/dev/fdset/1,format=raw,if=virtio,cache=unsafe,discard=unmap'],
]

function init(kernel: DebianKernel): string {
  return qemuInit({
    busybox: `${kernel.directory}/busybox`,
    modprobe: `${kernel.directory}/modprobe`,
    modules: kernel.modules,
    release: kernel.release,
    early: [],
    mountExchange: '-t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none exchange',
    device: '/dev/vport0p1',
    node: process.execPath,
    compiled: compiledCodeDirectory(),
    server: `${checkout}/lab/vm/guest/server.ts`,
  })
}

/** The kernel's first root file system: busybox, the early modules, and a script. Made once for each kernel. */
async function initramfs(kernel: DebianKernel): Promise<string> {
  const dependencies = parseModulesDep(await readFile(join(kernel.modules, 'modules.dep'), 'utf8'))
  const modules = loadOrder(dependencies, earlyModules)
  const script = initramfsInit(modules.map((path) => `/modules/${basename(path)}`))
  const executable = fileType | 0o755
  const archive = cpioArchive([
    { path: 'init', mode: executable, data: Buffer.from(script) },
    { path: 'busybox', mode: executable, data: await readFile(join(kernel.directory, 'busybox')) },
    ...(await Promise.all(
      modules.map(async (path) => ({
        path: `modules/${basename(path)}`,
        mode: executable,
        data: await readFile(join(kernel.modules, path)),
      })),
    )),
    // The first process's output goes nowhere without it.
    { path: 'dev/console', mode: characterDeviceType | 0o600, device: [5, 1] },
    ...['proc', 'mnt'].map((path) => ({ path, mode: 0o040755 })),
  ])
  const path = join(kernel.directory, 'initramfs.cpio')
  await atomicFile(path, archive)
  return path
}

async function qemuVersion(): Promise<{ program: string; version: string }> {
  const program = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
  const found = ['/usr/bin', '/usr/local/bin'].map((at) => `${at}/${program}`).find(existsSync)
  if (!found) {
    throw new Problem(
      'ENOQEMU',
      3,
      `${program} is not installed`,
      `As root: apt-get install ${process.arch === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86'}`,
    )
  }
  const version = /version (\S+)/.exec(await command(found, ['--version']))?.[1] ?? 'unknown'
  return { program: found, version }
}
