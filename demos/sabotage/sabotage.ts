import type { Lab, LabNode, LabPod } from '../../lab/lab.ts'
import { Problem } from '../../lab/problem.ts'
import type { SabotageKind } from '../proof/sabotage.ts'
import type { Workload } from '../workload/traffic.ts'

/** Where a sabotage takes place. */
export interface Target {
  readonly node: LabNode
  /** The pods whose packets it concerns, all of them on the node. */
  readonly pods: readonly LabPod[]
}

/** What a saboteur can get hold of. */
export interface Hands {
  readonly lab: Lab
  readonly workload: Workload
  readonly target: Target
}

/** Something that can be broken on purpose, and made whole again. */
export interface Sabotage {
  readonly kind: SabotageKind
  /** One pod, or all of the node. */
  readonly concerns: 'pod' | 'node'
  /** What is done, in words for an audience. */
  title(target: Target): string
  /** @returns what makes the node whole again. */
  commit(hands: Hands): Promise<() => Promise<void>>
}

export function sabotageFailed(what: string): Problem {
  return new Problem('ESABOTAGE', 4, what, 'The lab may be broken: `wireproof down`, and run again.')
}
