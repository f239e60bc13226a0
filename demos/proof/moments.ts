import { whilePresent } from './guests.ts'
import type { ArmView } from './observe.ts'
import { type Gap, isLost, longestGap } from './streams.ts'

/** What the captures say of the course of an arm. Times are nanoseconds since the epoch. */
export interface Course {
  /** From the first datagram to the last. */
  readonly begins: bigint
  readonly ends: bigint
  readonly firstEncrypted: bigint | undefined
  readonly lastClear: bigint | undefined
  readonly gap: Gap | undefined
  readonly datagrams: number
  /** But for those that were sent to somebody who was not there. */
  readonly lost: number
}

/** The course of an arm with streams; undefined where there were none. */
export function courseOf(arm: ArmView): Course | undefined {
  const accounts = arm.streams()
  const all = accounts.flatMap(({ datagrams }) => datagrams)
  if (all.length === 0) return undefined
  const arrivable = whilePresent(arm, accounts)
  const times = all.map(({ sent }) => sent).sort((a, b) => (a < b ? -1 : 1))
  const begins = times[0]!
  return {
    begins,
    ends: times.at(-1)!,
    firstEncrypted: arm.wire.find(({ opened, time }) => opened && time >= begins)?.time,
    lastClear: arm.clear().at(-1)?.seen.time,
    gap: longestGap(arrivable),
    datagrams: all.length,
    lost: arrivable.flatMap(({ datagrams }) => datagrams).filter(isLost).length,
  }
}
