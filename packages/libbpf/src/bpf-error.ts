import { check, errnoName, SystemError } from '@wireproof/ffi'

// libbpf's own, from 4000 on (libbpf_legacy.h).
const LIBBPF_ERRORS = [
  'LIBELF',
  'FORMAT',
  'KVERSION',
  'ENDIAN',
  'INTERNAL',
  'RELOC',
  'LOAD',
  'VERIFY',
  'PROG2BIG',
  'KVER',
  'PROGTYPE',
  'WRNGPID',
  'INVSEQ',
  'NLPARSE',
] as const
const EPERM = 1
const EACCES = 13
const ENOMEM = 12

/** What the kernel or libbpf refused. `code` is the errno's name, such as `EPERM`, or `LIBBPF_FORMAT` and its like. */
export class BpfError extends Error {
  readonly code: string
  readonly errno: number
  /** The end of the verifier's log, where it says why it rejected a program. */
  readonly log: string | undefined

  constructor(operation: string, errno: number, options: { on?: string; log?: string } = {}) {
    const { on, log } = options
    super(
      `${operation}${on ? ` of ${on}` : ''}: ${nameOf(errno)}${remedy(errno, log)}${log ? `\n${log}` : ''}`,
    )
    this.name = 'BpfError'
    this.code = nameOf(errno)
    this.errno = errno
    this.log = log
  }
}

function nameOf(errno: number): string {
  const own = LIBBPF_ERRORS[errno - 4000]
  return own ? `LIBBPF_${own}` : errnoName(errno)
}

function remedy(errno: number, log: string | undefined): string {
  if (log) return ', the verifier rejected a program:'
  if (errno >= 4000) return ' (not a BPF object file that this libbpf can read)'
  if (errno === EPERM) return ' (loading BPF needs root, or CAP_BPF and CAP_NET_ADMIN)'
  if (errno === EACCES)
    return ' (the kernel forbids it: a program of this kind, or a map frozen or read-only)'
  if (errno === ENOMEM) return ' (a map larger than the memory or the memlock limit allows)'
  return ''
}

/** Passes a result on unless it is negative, which in libbpf is minus an errno. */
export function checkBpf(operation: string, result: number, on?: string): number {
  if (result < 0) throw new BpfError(operation, -result, { on })
  return result
}

/** Passes a pointer on unless it is null, in which case errno says why. */
export function checkPointer<Pointer>(operation: string, pointer: Pointer, on: string): NonNullable<Pointer> {
  if (pointer !== null && pointer !== undefined) return pointer
  try {
    check(operation, -1)
  } catch (error) {
    if (error instanceof SystemError) throw new BpfError(operation, error.errno, { on })
    throw error
  }
  throw new Error('unreachable')
}
