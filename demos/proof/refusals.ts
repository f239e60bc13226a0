import type { ArmView } from './observe.ts'

/** Packets by the kernels' names for why they refused them, such as `XfrmInStateSeqError`. */
export type Refusals = Readonly<Record<string, number>>

/** What all kernels refused meanwhile, by their names for the reasons. */
export function refusedIn({ facts }: Pick<ArmView, 'facts'>): Refusals {
  const refused: Record<string, number> = {}
  for (const [node, reasons] of Object.entries(facts.refusalsAfter))
    for (const [reason, count] of Object.entries(reasons)) {
      const more = count - (facts.refusalsBefore[node]?.[reason] ?? 0)
      if (more > 0) refused[reason] = (refused[reason] ?? 0) + more
    }
  return refused
}

/** Such as `XfrmInNoStates 12, XfrmOutNoStates 3`. */
export function inWords(refused: Refusals): string {
  return Object.entries(refused)
    .map(([reason, count]) => `${reason} ${count.toLocaleString('en')}`)
    .join(', ')
}
