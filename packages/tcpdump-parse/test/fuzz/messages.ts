import type { Counts } from './tally.ts'
import type { Planted } from './target.ts'

/** What a worker is to do. */
export interface Work {
  readonly seed: number
  /** The cases `first`, `first + step` and so on, below `limit`. */
  readonly first: number
  readonly step: number
  readonly limit: number
  readonly planted?: Planted
  /** The file that says which case is under way. */
  readonly notebook: string
  /** Milliseconds. */
  readonly measureEvery: number
  readonly tellEvery: number
}

/** What a worker tells every now and then: what has come since it last did. */
export interface Told {
  readonly cases: number
  readonly counts: Counts
  /** In bytes, each time after everything that nobody holds was collected. */
  readonly memory: readonly number[]
}

/** Something that must not be. */
export interface Finding {
  readonly kind: 'thrown' | 'hang' | 'crash' | 'memory'
  /** The case; of growing memory none is to blame. */
  readonly number?: number
  readonly what: string
  /** Where in the code something was thrown. */
  readonly place?: string
}
