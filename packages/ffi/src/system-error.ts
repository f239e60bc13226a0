import { constants } from 'node:os'
import koffi from 'koffi'

// Of two names for one number the first in the alphabet: EAGAIN rather than EWOULDBLOCK.
const nameByErrno = new Map(
  Object.entries(constants.errno)
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, value]) => [value, name]),
)

/** The symbolic name of an errno, such as `ENOENT`; the number itself where the platform has no name for it. */
export function errnoName(errno: number): string {
  return nameByErrno.get(errno) ?? `errno ${errno}`
}

/** A system call that the kernel refused. `code` is the errno's name, as in Node's own errors. */
export class SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string

  constructor(syscall: string, errno: number, detail?: string) {
    super(`${syscall}: ${errnoName(errno)}${detail ? ` (${detail})` : ''}`)
    this.name = 'SystemError'
    this.code = errnoName(errno)
    this.errno = errno
    this.syscall = syscall
  }
}

/** Returns `result` unless it is negative, in which case errno of the call just made becomes a {@link SystemError}. */
export function check(syscall: string, result: number, detail?: string): number {
  if (result < 0) throw new SystemError(syscall, koffi.errno(), detail)
  return result
}
