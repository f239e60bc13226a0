import type { ArmView } from './observe.ts'
import type { Canary } from './run.ts'

/** A canary that has to cross the wire. */
export interface CrossingCanary {
  readonly canary: Canary
  readonly fromNode: string
  readonly toNode: string
}

/** The canaries of an arm whose ends are on different nodes. */
export function crossingCanaries({ facts, senders }: Pick<ArmView, 'facts' | 'senders'>): CrossingCanary[] {
  const nodeOf = new Map(senders.map(({ name, node }) => [name, node]))
  return facts.canaries.flatMap((canary) => {
    const fromNode = nodeOf.get(canary.fromPod)
    const toNode = nodeOf.get(canary.toPod)
    if (fromNode === undefined || toNode === undefined || fromNode === toNode) return []
    return [{ canary, fromNode, toNode }]
  })
}
