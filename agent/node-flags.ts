import { availableParallelism } from 'node:os'

/**
 * What Node is told where an agent is started. Its young generation may grow to three times 16 MiB otherwise, which it
 * fills once, when it reads a large cluster, and keeps; and where there is one processor, threads that help to collect
 * garbage take it from the thread that waits for them.
 */
export const nodeFlags: readonly string[] = [
  '--max-semi-space-size=1',
  ...(availableParallelism() === 1 ? ['--single-threaded-gc'] : []),
]
