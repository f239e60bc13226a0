import type { Outcome } from '../check.ts'
import { offendersShown } from '../check.ts'
import { crossingCanaries } from '../crossing.ts'
import type { ArmView, ClearFrame, RunView } from '../observe.ts'
import { offender } from '../observe.ts'
import type { Canary, Sabotage } from '../run.ts'

/** An arm in which something is broken, and whom that concerns. */
export interface Scene {
  readonly arm: ArmView
  readonly run: Pick<RunView, 'material'>
  readonly sabotage: Sabotage
  /** Canaries of the sabotaged pods that have to cross the wire. */
  readonly affected: readonly Canary[]
  /** Canaries that neither come from a sabotaged pod nor go to one: nothing may happen to them. */
  readonly bystanders: readonly Canary[]
}

export function sceneOf(arm: ArmView, run: Pick<RunView, 'material'>, sabotage: Sabotage): Scene {
  const isSabotaged = (pod: string) => sabotage.pods.includes(pod)
  const { canaries } = arm.facts
  return {
    arm,
    run,
    sabotage,
    affected: crossingCanaries(arm).flatMap(({ canary }) => (isSabotaged(canary.fromPod) ? [canary] : [])),
    bystanders: canaries.filter(({ fromPod, toPod }) => !isSabotaged(fromPod) && !isSabotaged(toPod)),
  }
}

export function outcome(
  state: Outcome['state'],
  says: string,
  numbers: Outcome['numbers'],
  offenders: Outcome['offenders'] = [],
): Outcome {
  return { state, says, numbers, offenders: offenders.slice(0, offendersShown) }
}

export function clearOffenders(frames: readonly ClearFrame[]): Outcome['offenders'] {
  return frames.map(({ seen, why }) => offender(seen, why))
}

/** "a1's", "a1's and a2's"; of many "those of 5 pods". */
export function whose({ pods }: Pick<Sabotage, 'pods'>): string {
  if (pods.length > 3) return `${pods.length} pods'`
  return pods.map((pod) => `${pod}'s`).join(' and ')
}

type Counts = ArmView['facts']['countersAfter']

/** How many packets more than before the arm the agents of these nodes counted, by one of their counters. */
export function agentsCounted(arm: ArmView, nodes: readonly string[], counter: string): number {
  const total = (counts: Counts) =>
    nodes.reduce((sum, node) => sum + (counts[node]?.[counter]?.packets ?? 0), 0)
  return total(arm.facts.countersAfter) - total(arm.facts.countersBefore)
}

/** How many packets the kernels of these nodes refused in the arm, for one of the reasons they give. */
export function kernelsRefused(arm: ArmView, nodes: readonly string[], reasons: readonly string[]): number {
  const total = (counts: ArmView['facts']['refusalsAfter']) =>
    nodes.reduce(
      (sum, node) => sum + reasons.reduce((ofNode, reason) => ofNode + (counts[node]?.[reason] ?? 0), 0),
      0,
    )
  return total(arm.facts.refusalsAfter) - total(arm.facts.refusalsBefore)
}

export function otherNodes({ run, sabotage }: Scene): string[] {
  return run.material.facts.nodes.flatMap(({ name }) => (name === sabotage.node ? [] : [name]))
}
