/** A request that the kernel refused. `code` is the errno's name, such as `EEXIST`. */
export class NetlinkError extends Error {
  readonly code: string
  readonly errno: number
  /** What was asked, in words: `add route 10.0.0.0/24`. Never holds a key. */
  readonly request: string
  /** The kernel's own explanation (extended acknowledgement), where it gave one. */
  readonly extended: string | undefined
  /** Which request of a batch this was, counted from 0. */
  readonly index: number | undefined

  constructor(problem: {
    code: string
    errno: number
    request: string
    extended?: string | undefined
    index?: number | undefined
  }) {
    super(`cannot ${problem.request}: ${problem.code}${problem.extended ? ` (${problem.extended})` : ''}`)
    this.name = 'NetlinkError'
    this.code = problem.code
    this.errno = problem.errno
    this.request = problem.request
    this.extended = problem.extended
    this.index = problem.index
  }
}

/**
 * Requests of one batch that the kernel refused; it has carried out all the others. The fields inherited from
 * {@link NetlinkError} are those of the first refusal.
 */
export class NetlinkBatchError extends NetlinkError {
  readonly failures: readonly NetlinkError[]
  /** How many requests the batch had. */
  readonly total: number

  constructor(failures: readonly [NetlinkError, ...NetlinkError[]], total: number) {
    super(failures[0])
    this.name = 'NetlinkBatchError'
    this.failures = failures
    this.total = total
    if (total > 1) this.message = `${failures.length} of ${total} requests failed; the first: ${this.message}`
  }
}
