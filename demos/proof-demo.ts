import type { Lab } from '../lab/lab.ts'
import type { Demo } from './player/index.ts'
import type { ArmRecord } from './proof/run.ts'

/** What every demo is given. */
export interface DemoCast {
  readonly lab: Lab
  /** A directory for captures, removed when the demo ends: what is worth keeping goes into the evidence. */
  readonly captures: string
  /** Of a demo in which something changes: how often, in place of a few times. */
  readonly rounds?: number
  /** What its random instants are drawn from, to have those of an earlier run again. */
  readonly seed?: string
}

/** A demo that ends in a verdict on the arms it played. */
export type ProofDemo = Demo<DemoCast, readonly ArmRecord[]>
