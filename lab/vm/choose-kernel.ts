import type { KernelDescription } from '../kernel.ts'
import { Problem } from '../problem.ts'
import type { GuestChoice } from './boot.ts'
import { hostKernel, whyNoEsp } from './host-kernel.ts'
import { versions } from './qemu.ts'

export interface HostChoice {
  readonly kind: 'host'
  readonly description: KernelDescription
  /** In words, for people and for evidence. */
  readonly why: string
}

export type KernelChoice = HostChoice | (GuestChoice & { readonly why: string })

/** What can be asked about this machine, to decide from. */
export interface Machine {
  whyNoEsp(): string | undefined
  hostKernel(): KernelDescription
  readonly architecture: string
}

const thisMachine: Machine = { whyNoEsp, hostKernel, architecture: process.arch }

/**
 * Which kernel a lab is to run on: this machine's own where it has ESP and the user may use it, else User-Mode Linux,
 * else QEMU.
 *
 * @param request `auto`, `host`, `uml`, `qemu`, `qemu:6.1` or `qemu:6.12`.
 * @throws Problem when the request is none of these, or is for a host kernel that cannot.
 */
export async function chooseKernel(request: string, machine = thisMachine): Promise<KernelChoice> {
  const [kind, version] = request.split(':')
  if (kind === 'uml' && version === undefined) return { kind, why: 'User-Mode Linux, as asked for' }
  if (kind === 'qemu') {
    if (version !== undefined && !versions.includes(version)) throw unknown(request)
    return version === undefined
      ? { kind, why: 'QEMU, as asked for' }
      : { kind, version, why: `QEMU with Debian's ${version} kernel, as asked for` }
  }
  if (version !== undefined || (kind !== 'auto' && kind !== 'host')) throw unknown(request)
  const obstacle = machine.whyNoEsp()
  if (!obstacle)
    return { kind: 'host', description: machine.hostKernel(), why: "this machine's own: it has ESP" }
  if (kind === 'host') {
    throw new Problem(
      'ENOESP',
      3,
      `this machine's own kernel cannot hold a lab: ${obstacle}`,
      'Leave out --kernel host: a kernel that has ESP is then booted. `wireproof doctor` tells more.',
    )
  }
  const guest = machine.architecture === 'x64' ? 'uml' : 'qemu'
  const name = guest === 'uml' ? 'User-Mode Linux' : 'QEMU'
  return { kind: guest, why: `${name}, because of this machine's own: ${obstacle}` }
}

function unknown(request: string): Problem {
  const known = ['auto', 'host', 'uml', 'qemu', ...versions.map((version) => `qemu:${version}`)]
  return new Problem('EKERNEL', 2, `there is no kernel called ${request}`, `Allowed: ${known.join(', ')}.`)
}
