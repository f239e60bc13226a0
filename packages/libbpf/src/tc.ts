import { BpfError, checkBpf } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import type { Program } from './program.ts'
import { sizedStruct } from './struct.ts'

const EEXIST = 17
const ENOENT = 2
const EINVAL = 22
const ENODEV = 19
const REPLACE = 1
const ATTACH_POINT = { ingress: 1, egress: 2 } as const

// struct bpf_tc_hook and struct bpf_tc_opts.
const HOOK = { size: 24, index: 8, attachPoint: 12 } as const
const OPTIONS = { size: 32, programFd: 8, flags: 12, programId: 16, handle: 20, priority: 24 } as const

/** A place for a program on a device of the calling thread's network namespace. */
export interface TcPlace {
  /** The device's index. */
  readonly device: number
  readonly direction: 'ingress' | 'egress'
  /** Lower runs first; 1. */
  readonly priority?: number
  /** Tells filters of one priority apart; 1. */
  readonly handle?: number
}

/**
 * Attaches a program as a classifier in direct-action mode, with the clsact qdisc it needs.
 *
 * @param options.replace swaps the program that is there for this one without a packet passing between them; true.
 * @throws BpfError EEXIST when the place is taken and `replace` is false; ENODEV without such a device.
 */
export function attachTc(program: Program, place: TcPlace & { readonly replace?: boolean }): void {
  const on = describe(place)
  const hook = hookOf(place)
  const created = libbpf.bpf_tc_hook_create(hook)
  if (created < 0 && created !== -EEXIST) throw new BpfError('bpf_tc_hook_create', noDevice(created), { on })
  const options = optionsOf(place)
  options.writeInt32LE(program.fd, OPTIONS.programFd)
  options.writeUInt32LE(place.replace === false ? 0 : REPLACE, OPTIONS.flags)
  checkBpf('bpf_tc_attach', libbpf.bpf_tc_attach(hook, options), `${program.name} to ${on}`)
}

/** Detaches what is at a place. Returns whether anything was. The qdisc stays, others may use it. */
export function detachTc(place: TcPlace): boolean {
  if (attachedTc(place) === undefined) return false
  checkBpf('bpf_tc_detach', libbpf.bpf_tc_detach(hookOf(place), optionsOf(place)), describe(place))
  return true
}

/** The kernel's id of the program at a place, or undefined where there is none. */
export function attachedTc(place: TcPlace): number | undefined {
  const options = optionsOf(place)
  const result = libbpf.bpf_tc_query(hookOf(place), options)
  // EINVAL: the device has no clsact. ENOENT: it has, and nothing at this place.
  if (result === -ENOENT || result === -EINVAL) return undefined
  checkBpf('bpf_tc_query', result, describe(place))
  return options.readUInt32LE(OPTIONS.programId)
}

function hookOf({ device, direction }: TcPlace): Buffer {
  const hook = sizedStruct(HOOK.size)
  hook.writeInt32LE(device, HOOK.index)
  hook.writeInt32LE(ATTACH_POINT[direction], HOOK.attachPoint)
  return hook
}

function optionsOf({ priority = 1, handle = 1 }: TcPlace): Buffer {
  const options = sizedStruct(OPTIONS.size)
  options.writeUInt32LE(handle, OPTIONS.handle)
  options.writeUInt32LE(priority, OPTIONS.priority)
  return options
}

// The kernel answers EINVAL for an index that no device has.
function noDevice(result: number): number {
  return result === -EINVAL ? ENODEV : -result
}

function describe({ device, direction }: TcPlace): string {
  return `${direction} of device ${device}`
}
