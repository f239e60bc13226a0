/** An answer to a probe. */
export interface Health {
  readonly ok: boolean
  readonly checks: readonly Check[]
}

export interface Check {
  readonly name: string
  /** Why it fails; absent when it does not. */
  readonly problem?: string
}

/** A pass is due at least once a minute; when two did not come nothing is repaired any more. Milliseconds. */
export const longestSilence = 150_000

/**
 * Whether the agent is alive: its event loop turns, and its kernel answers. What fails here is mended by another process.
 *
 * @param lastPass milliseconds of the same clock as `now`.
 * @param ask asks something of the kernel over netlink; throws where it does not answer.
 */
export function healthOf(now: number, lastPass: number, ask: () => void): Health {
  const silence = now - lastPass
  return judged([
    { name: 'event loop', ...problem(silence > longestSilence && `no pass for ${Math.round(silence)} ms`) },
    { name: 'netlink', ...problem(failureOf(ask)) },
  ])
}

/** What readiness depends on. */
export interface Readiness {
  /** What is missing of the datapath. */
  readonly datapath: readonly string[]
  /** Why the last pass failed: the store could not be read, or the kernel refused something. */
  readonly failure: string | undefined
  /** What the node waits for. */
  readonly waiting: readonly string[]
}

/** Whether the node is what the cluster asks for, so that pods may be put on it. */
export function readinessOf({ datapath, failure, waiting }: Readiness): Health {
  return judged([
    { name: 'datapath', ...problem(datapath.join('; ')) },
    { name: 'last pass', ...problem(failure) },
    { name: 'settled', ...problem(waiting.join('; ')) },
  ])
}

function judged(checks: readonly Check[]): Health {
  return { ok: checks.every((check) => check.problem === undefined), checks }
}

function problem(what: string | false | undefined): { problem?: string } {
  return what ? { problem: what } : {}
}

function failureOf(action: () => void): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return (error as Error).message || 'it failed without a word'
  }
}
