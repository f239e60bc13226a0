import type { Lab } from '../../lab/lab.ts'
import type { Stage, Task } from '../player/index.ts'
import type { Attempt, ChangeKind, Denial } from '../proof/index.ts'
import type { StreamPlan } from '../workload/canary.ts'
import type { Workload } from '../workload/traffic.ts'
import type { Guests } from './guests.ts'
import type { Instants } from './instants.ts'

/** What whoever changes something can get hold of. */
export interface ChangeHands {
  readonly lab: Lab
  readonly workload: Workload
  /** Between which pods streams go all the while, and sessions where there are any. */
  readonly routes: readonly StreamPlan[]
  readonly rounds: number
  readonly instants: Instants
  readonly task: Task
  /** Undone when the demo ends, also when it is interrupted; what is whole by then has to bear it. */
  readonly afterwards: Stage['afterwards']
  /** Notes that something happened just now. */
  mark(what: string): void
  /** Settles when all canaries have been answered or given up: where they must not be lost, before there is no way through. */
  readonly canariesSent: Promise<unknown>
  /** Notes that there was no way through from then until now. */
  wasCut(from: string): void
  /** Notes that a policy cut off a pod. */
  wasDenied(denial: Denial): void
  /** Notes that somebody tried to get packets to a pod. */
  tried(attempt: Attempt): void
  /** Whoever joins and leaves meanwhile. */
  readonly guests: Guests
  /** Reads the security associations besides, before some are taken away. */
  look(): Promise<void>
}

/** One way of doing it, told and done. */
export interface Way {
  /** What an audience is told before. */
  readonly text: string
  readonly notes: string
  /** What is done, in words that go on after a semicolon: "the key was rotated 5 times". */
  what(rounds: number): string
  /** Does it while all pods send. Whatever it left broken it repairs before it ends. */
  change(hands: ChangeHands): Promise<void>
  /** Whether strict mode is on, as it is where nothing else is said. */
  readonly strict?: boolean
  /** How often, where that is not as in the short form. */
  readonly rounds?: number
  /** Of random instants. */
  readonly isRandom?: boolean
}

/** Something that changes under traffic: what a demo of it has of its own. */
export interface Change {
  readonly kind: ChangeKind
  readonly title: string
  /** Of the short form. */
  readonly rounds: number
  /** How often each stream has a datagram, in milliseconds: seldom where a hundred rounds take minutes. */
  readonly everyMs: number
  /** Whether a TCP session goes beside each stream. */
  readonly sessions?: boolean
  /** Whether what the agents tell of what they drop is kept. */
  readonly isWitnessed?: boolean
  readonly rightly: Way
  /** The same as it must not be done: the checks must notice. */
  readonly botched: Way & { readonly heading: string }
}
