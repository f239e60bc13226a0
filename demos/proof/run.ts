import type { SecurityAssociation } from '../../agent/api.ts'
import type { CapturePoint } from '../../lab/lab.ts'
import type { ArmName } from './arms.ts'
import type { ArmFacts, RunFacts } from './schema.ts'

export type {
  ArmFacts,
  Attempt,
  Canary,
  Change,
  Denial,
  Dropped,
  Guests,
  Instrument,
  NodeFacts,
  PodFacts,
  RunFacts,
  Sabotage,
  Scope,
  Session,
  Stream,
} from './schema.ts'

/** One arm as the demo's runner hands it over. */
export interface ArmRecord extends Omit<ArmFacts, 'instruments'> {
  readonly points: readonly CapturePoint[]
  readonly sasBefore: readonly SecurityAssociation[]
  readonly sasAfter: readonly SecurityAssociation[]
}

/** A run of a demo as its runner hands it over. */
export interface RunRecord extends Omit<RunFacts, 'arms'> {
  readonly arms: readonly ArmRecord[]
}

export interface CapturedFrame {
  readonly time: bigint
  readonly data: Buffer
  /** On the wire; more than `data` where the instrument cut the frame short. */
  readonly length: number
}

/** What one instrument recorded in one arm. */
export interface Recording {
  readonly arm: ArmName
  readonly instrument: string
  readonly linkType: number
  readonly frames: readonly CapturedFrame[]
  /** Why the recording is not whole, such as a file that ends inside a frame. */
  readonly problem?: string
}

/**
 * The security associations of all nodes, before and after an arm; of those that were gone by then, as they were last
 * read. With keys: handle as secrets.
 */
export interface ArmAssociations {
  readonly arm: ArmName
  readonly before: readonly SecurityAssociation[]
  readonly after: readonly SecurityAssociation[]
}

/** All that a verdict is computed from, live and from a bundle alike. */
export interface Material {
  readonly facts: RunFacts
  readonly associations: readonly ArmAssociations[]
  readonly recordings: readonly Recording[]
  /** What is encrypted stays so: the security associations are not to be had. */
  readonly keysWithheld?: boolean
}
