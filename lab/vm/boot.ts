import { setTimeout as delay } from 'node:timers/promises'
import type { Guest, KernelDescription, RunOptions } from '../kernel.ts'
import { Problem } from '../problem.ts'
import { CommandClient, type RemoteCommand } from './channel/client.ts'
import type { Exit } from './channel/frames.ts'
import { compileAhead } from './compiled-code.ts'
import { conclude } from './conclude.ts'
import { copyRegularFiles } from './copy-tree.ts'
import type { Machine } from './machine.ts'
import { defaultVersion, startQemu } from './qemu.ts'
import { startUml } from './uml.ts'

export interface GuestChoice {
  readonly kind: 'uml' | 'qemu'
  /** Kernel series for QEMU: 6.1 or 6.12. */
  readonly version?: string
}

export interface BootOptions {
  /** Whose kernel it is, to be found again in the process table. */
  readonly lab?: string
  /** Files and directories of this machine to be seen inside, even in /tmp or a home directory, read-only. */
  readonly visible?: readonly string[]
  /** A ceiling. */
  readonly memoryMib?: number
  readonly cpu?: number
  /** How many processors the guest has, where it is QEMU's; one. */
  readonly processors?: number
  /** A file that a guest of QEMU sees as the disk /dev/vda, and writes. */
  readonly disk?: string
  readonly cache?: string
  /** Lines for a person who waits: downloads. */
  readonly progress?: (line: string) => void
  /** What the kernel prints. */
  readonly console?: (text: string) => void
  readonly signal?: AbortSignal
}

const bootDeadlineMs = { uml: 60_000, qemu: 180_000 }
const pingEveryMs = 10_000
/** Longer than a busy machine keeps a live guest from answering. */
const pingDeadlineMs = 120_000

/** Boots a kernel and resolves when it takes commands. Dies with this process, whatever ends that. */
export async function bootGuest(choice: GuestChoice, options: BootOptions = {}): Promise<BootedGuest> {
  options.signal?.throwIfAborted()
  const { kind } = choice
  compileAhead()
  const { machine, description } =
    kind === 'uml' ? await startUml(options) : await startQemu(choice.version ?? defaultVersion, options)
  if (options.console) machine.console.listen(options.console)
  const client = new CommandClient(machine.line, {
    paced: kind === 'uml',
    // A guest's last words arrive with its process's end, after its line has closed.
    whyClosed: async () => {
      await Promise.race([machine.exited, delay(2_000, undefined, { ref: false })])
      return died(kind, machine)
    },
  })
  const deadline = new AbortController()
  try {
    const { release } = (await Promise.race([
      client.ready(),
      delay(bootDeadlineMs[kind], undefined, { signal: deadline.signal }).then(() => {
        throw notUp(kind, machine)
      }),
      aborted(options.signal, deadline.signal),
    ])) as { release: string }
    return new BootedGuest({ kind, release, machine: description }, machine, client)
  } catch (error) {
    await machine.kill()
    throw error
  } finally {
    deadline.abort()
  }
}

/** A guest of this very process. */
export class BootedGuest implements Guest {
  readonly description: KernelDescription
  readonly #machine: Machine
  readonly #client: CommandClient
  readonly #heartbeat: NodeJS.Timeout
  #stopping: Promise<void> | undefined

  constructor(description: KernelDescription, machine: Machine, client: CommandClient) {
    this.description = description
    this.#machine = machine
    this.#client = client
    this.#heartbeat = setInterval(() => void this.#ping(), pingEveryMs)
    this.#heartbeat.unref()
  }

  run(argv: readonly string[], options: RunOptions): Promise<number> {
    return conclude(this.begin(argv, options), options)
  }

  begin(argv: readonly string[], options: Omit<RunOptions, 'signal'>): RemoteCommand {
    const command = this.#client.begin(argv, options)
    const fetch = async (exit: Exit): Promise<Exit> => {
      if (!exit.resultsWait) return exit
      const { resultsWait, ...rest } = exit
      await copyRegularFiles(
        this.#machine.path(`/run/wireproof/exchange/${command.number}`),
        options.results!,
      )
      command.fetched()
      return rest
    }
    return { ...command, ended: command.ended.then(fetch) }
  }

  /** Settles when the guest has ended, asked to or not. */
  get ended(): Promise<void> {
    return this.#machine.exited
  }

  stop(): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#stopping ??= this.#machine.kill()
    return this.#stopping
  }

  async #ping(): Promise<void> {
    if (await this.#client.ping(pingDeadlineMs)) return
    if (this.#stopping) return
    this.#client.break(
      new Problem(
        'EGUESTHUNG',
        4,
        `the guest kernel has not answered for ${pingDeadlineMs / 1000} s and was stopped`,
        remedy(this.#machine),
      ),
    )
    await this.stop()
  }
}

const names = { uml: 'User-Mode Linux', qemu: 'QEMU' }

function remedy(machine: Machine): string {
  const words = machine.console.lastWords()
  return words ? `its last words were:\n${words}` : 'it said nothing'
}

function notUp(kind: 'uml' | 'qemu', machine: Machine): Problem {
  return new Problem(
    'EBOOT',
    4,
    `${names[kind]} did not come up in ${bootDeadlineMs[kind] / 1000} s`,
    remedy(machine),
  )
}

function died(kind: 'uml' | 'qemu', machine: Machine): Problem {
  const words = machine.console.text
  if (/unshare failed: Operation not permitted|write failed \/proc\/self\/uid_map/.test(words)) {
    return new Problem(
      'ENOUSERNS',
      3,
      'this user may not make user namespaces, which confine a guest to reading',
      'run as root, or allow them: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    )
  }
  const missing = /^(?:spawn (\S+) ENOENT|.*: (?:exec: )?([\w-]+): not found)$/m.exec(words)
  if (missing) {
    return new Problem(
      'ENOTOOL',
      3,
      `a guest cannot be started without ${missing[1] ?? missing[2]}`,
      'install the package util-linux',
    )
  }
  return new Problem('EGUESTDIED', 4, `${names[kind]} ended by itself`, remedy(machine))
}

/** Rejects when the caller gives up. */
function aborted(signal: AbortSignal | undefined, until: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: until })
  })
}
