import { crossChecked, EspOpener, fastEngine, nodeEngine } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'
import { associationId, espSa } from './esp-sa.ts'
import type { ArmAssociations } from './run.ts'

/**
 * Opens ESP with what the nodes held before and after an arm; a key that was replaced in between opens what it sealed. Where
 * there are two engines, each failure of the fast one and a sample of its successes are looked at again by the other.
 */
export function opener({ before, after }: ArmAssociations): EspOpener {
  const distinct = new Map<string, SecurityAssociation>()
  // The earlier reading wins: it knows where sequence numbers were when the capture began.
  for (const sa of [...after, ...before]) distinct.set(associationId(sa), sa)
  const fast = fastEngine()
  const engine = 'engine' in fast ? crossChecked(fast.engine, nodeEngine) : nodeEngine
  const sas = [...distinct.values()].map(espSa)
  return new EspOpener(sas, { engine })
}
