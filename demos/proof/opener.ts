import { EspOpener } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'
import type { ArmAssociations } from './run.ts'

/** Opens ESP with what the nodes held before and after an arm; a key that was replaced in between opens what it sealed. */
export function opener({ before, after }: ArmAssociations): EspOpener {
  const distinct = new Map<string, SecurityAssociation>()
  for (const sa of [...after, ...before])
    distinct.set(`${sa.source} ${sa.destination} ${sa.spi} ${sa.algorithm} ${sa.key} ${sa.icvBits}`, sa)
  return new EspOpener([...distinct.values()].map((sa) => ({ ...sa, key: Buffer.from(sa.key, 'hex') })))
}
