import type { EspSa } from 'tcpdump-parse'
import { type ArmAssociations, associationId, espSa } from '../proof/index.ts'

/** Every key of a run, once, as decryptors want them. */
export function espKeys(associations: readonly ArmAssociations[]): EspSa[] {
  const distinct = new Map<string, EspSa>()
  for (const association of associations.flatMap(({ before, after }) => [...before, ...after])) {
    const id = associationId(association)
    // The earliest reading knows where sequence numbers were when the capture began.
    if (!distinct.has(id)) distinct.set(id, espSa(association))
  }
  return [...distinct.values()]
}
