import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { checkout } from './checkout.ts'
import { compiledCodeDirectory } from './compiled-code.ts'
import { ConsoleLog } from './console-log.ts'
import { unusedUid, withSystemPrograms } from './host.ts'
import { startTime } from './processes.ts'
import { parseMountInfo, sandboxScript } from './sandbox.ts'

/** Marks a guest's processes in the process table; what {@link guestMark} makes follows. */
export const guestMarker = 'wireproof_guest='

/** A word for a guest's command line that tells whose it is: the lab, and the process it must not outlive. */
export function guestMark(lab: string | undefined): string {
  return `${guestMarker}${lab ?? ''}:${process.pid}:${startTime(process.pid)}`
}

/** What a kind of guest needs started in its sandbox. */
export interface MachinePlan {
  readonly visible: readonly string[]
  readonly memoryMib: number
  readonly files: Readonly<Record<string, string>>
  readonly devices: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  /** Undefined lets the machine use them all. */
  readonly cpu: number | undefined
  /** A file that it may read and write, as {@link diskDescriptors}: in the sandbox nobody could open it. */
  readonly disk?: string | undefined
}

/** QEMU looks at a disk before it writes, with a descriptor that cannot write. */
export const diskDescriptors = { read: 4, write: 5 } as const

/** A guest's process in its sandbox. */
export class Machine {
  readonly process: ChildProcess
  /** Descriptor 3 of the guest's process: the line its commands come in on. */
  readonly line: Duplex
  readonly console = new ConsoleLog()
  readonly exited: Promise<void>

  constructor(process: ChildProcess) {
    this.process = process
    this.line = process.stdio[3] as Duplex
    process.stdout!.on('data', (text: Buffer) => this.console.add(text))
    process.stderr!.on('data', (text: Buffer) => this.console.add(text))
    this.exited = new Promise((resolve) => {
      process.once('close', () => resolve())
      process.once('error', (error) => {
        this.console.add(Buffer.from(`${error.message}\n`))
        resolve()
      })
    })
  }

  /** A directory of the sandbox, as seen from here. */
  path(inside: string): string {
    return `/proc/${this.process.pid}/root${inside}`
  }

  /** Ends the guest at once; resolves when none of its processes is left. */
  async kill(): Promise<void> {
    const { process: outer } = this
    if (outer.pid === undefined || outer.exitCode !== null || outer.signalCode !== null) return
    // The death of a namespace's first process ends all others in it, and is complete when they are gone.
    const first = firstChild(outer.pid)
    if (first === undefined) outer.kill('SIGKILL')
    else signal(first)
    const patience = setTimeout(() => outer.kill('SIGKILL'), 5_000)
    await once(outer, 'exit')
    clearTimeout(patience)
  }
}

/**
 * Starts a process that can write nowhere on this machine and that dies with its starter, whatever kills that.
 * Resolves at once; what goes wrong inside is on the machine's console.
 */
export function startMachine(plan: MachinePlan): Machine {
  const root = process.geteuid!() === 0
  const script = sandboxScript({
    mounts: parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')),
    exists: existsSync,
    visible: [checkout, process.execPath, compiledCodeDirectory() ?? [], plan.visible].flat().map((path) => ({
      path,
      kind: statSync(path).isDirectory() ? 'directory' : 'file',
    })),
    memoryMib: plan.memoryMib,
    files: plan.files,
    devices: plan.devices,
    uid: root ? unusedUid(readFileSync('/etc/passwd', 'utf8')) : undefined,
    cwd: plan.cwd,
    env: plan.env,
    argv: plan.argv,
  })
  const pin = plan.cpu === undefined ? [] : ['taskset', '--cpu-list', String(plan.cpu)]
  const namespaces = ['--mount', '--pid', '--ipc', '--net', ...(root ? [] : ['--user', '--map-root-user'])]
  const sandbox = ['unshare', ...namespaces, '--propagation', 'private', '--fork', '--kill-child=KILL', '--']
  const disk = plan.disk === undefined ? [] : [openSync(plan.disk, 'r'), openSync(plan.disk, 'r+')]
  try {
    return new Machine(
      spawn('setpriv', ['--pdeathsig', 'KILL', ...pin, ...sandbox, '/bin/sh', '-c', script], {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...disk],
        env: { ...process.env, PATH: withSystemPrograms(process.env.PATH) },
        // Out of reach of a terminal's Ctrl-C, which is for the command inside.
        detached: true,
      }),
    )
  } finally {
    disk.forEach(closeSync)
  }
}

function firstChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return children === '' ? undefined : Number.parseInt(children, 10)
  } catch {
    return undefined
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
