import { type UmlArtefact, umlArtefact } from './artefacts/uml.ts'
import type { BootOptions } from './boot.ts'
import { checkout } from './checkout.ts'
import { compiledCodeDirectory } from './compiled-code.ts'
import { umlInit } from './guest/init.ts'
import { defaultMemoryMib, leastUsedCpu } from './host.ts'
import { guestMark, type Machine, startMachine } from './machine.ts'

/** Starts User-Mode Linux: a kernel that is a process of this machine. */
export async function startUml(options: BootOptions): Promise<{ machine: Machine; description: string }> {
  const uml = await umlArtefact(options)
  const memoryMib = options.memoryMib ?? defaultMemoryMib()
  const machine = startMachine({
    visible: [uml.directory, ...(options.visible ?? [])],
    memoryMib,
    files: { init: init(uml) },
    devices: [],
    cwd: uml.library ?? '/',
    // The kernel's memory is a file: where it lies decides that nothing is written to a disk.
    env: { TMPDIR: '/dev/shm', ...(uml.library ? { LD_LIBRARY_PATH: uml.library } : {}) },
    argv: [uml.linux, ...kernelArguments(memoryMib), guestMark(options.lab)],
    // A guest's kernel and its processes wake each other at every system call: across CPUs that takes twice as long.
    cpu: options.cpu ?? leastUsedCpu(),
  })
  return { machine, description: 'User-Mode Linux, seccomp' }
}

function init(uml: UmlArtefact): string {
  return umlInit({
    busybox: `${uml.directory}/busybox`,
    modprobe: `${uml.directory}/modprobe`,
    modules: uml.modules,
    release: uml.release,
    early: uml.modules ? [`${uml.modules}/kernel/fs/overlayfs/overlay.ko`] : [],
    mountExchange: '-t hostfs -o /run/wireproof/exchange none',
    device: '/dev/ttyS0',
    node: process.execPath,
    compiled: compiledCodeDirectory(),
    server: `${checkout}/lab/vm/guest/server.ts`,
  })
}

function kernelArguments(memoryMib: number): string[] {
  return [
    `mem=${memoryMib}M`,
    // Half the cost of ptrace for a guest's system call. Not a boundary inside the guest; the sandbox is the boundary.
    'seccomp=on',
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    'init=/run/wireproof/init',
    'con=null',
    'con0=null,fd:1',
    'con1=null',
    'ssl=null',
    'ssl0=fd:3',
    // Saves the calibration of a delay loop that nothing in a guest depends on.
    'lpj=35000000',
    'quiet',
    'uml_dir=/dev/shm/',
  ]
}
