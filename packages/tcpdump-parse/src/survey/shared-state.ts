/** What the threads that read one capture together know of it. */
export type SharedState = SharedArrayBuffer

/** More contexts (sections, interfaces) than any tool writes into one file; files put one behind the other may have more. */
export const MOST_CONTEXTS = 4096

/** There are more contexts than threads can share: one thread has to read the file from its start to its end. */
export class TooManyContexts extends Error {
  readonly code = 'ECONTEXTS'
}

/** Also of one that comes from another thread. */
export function isTooManyContexts(error: unknown): boolean {
  return (error as TooManyContexts).code === 'ECONTEXTS'
}

// Words of 32 bits:
export const LOCK = 0
export const ENDED = 1
/** How many contexts are known. */
export const CONTEXTS = 2
export const WORDS = 4
// Numbers behind them:
/** Where in the file the part begins that no thread has taken. */
export const FRONTIER = 0
/** Packets before it. */
export const PACKETS = 1
/** Offset and length of each context. */
export const SPANS = 2
const NUMBERS = SPANS + 2 * MOST_CONTEXTS

export function newSharedState(): SharedState {
  return new SharedArrayBuffer(WORDS * 4 + NUMBERS * 8)
}
