import { type Flow, type FlowRecord, isLoss } from '../api.ts'
import type { FlowMatch } from './filter.ts'

/** Which of the flows that have been are asked for. */
export interface Wanted {
  readonly matches: FlowMatch
  /** Nanoseconds since the epoch, both included. */
  readonly since?: bigint | undefined
  readonly until?: bigint | undefined
  /** At most so many flows: the latest, or the earliest with `first`. 0 for no limit. */
  readonly number: number
  readonly first: boolean
}

/**
 * What a request gets of what has been, in order. Losses between flows are told with them and do not count: nobody can
 * ask for them, and nobody should miss them.
 */
export function choose(records: readonly FlowRecord[], wanted: Wanted): FlowRecord[] {
  const meant = records.filter(
    (record) => isInTime(record, wanted) && (isLoss(record) || wanted.matches(record)),
  )
  if (wanted.number === 0) return meant
  const places = meant.flatMap((record, place) => (isLoss(record) ? [] : [place]))
  const [from, to] = wanted.first
    ? [0, places[wanted.number - 1] ?? meant.length - 1]
    : [places.at(-wanted.number) ?? 0, meant.length - 1]
  return meant.slice(from, to + 1)
}

/** Whether a record that has just come is told to who follows. */
export function isFollowed(record: FlowRecord, { matches, since }: Wanted): boolean {
  return isLoss(record) || ((since === undefined || timeOf(record) >= since) && matches(record))
}

/** Whether with this record the time asked for is over. */
export function isOver(record: FlowRecord, { until }: Wanted): boolean {
  return until !== undefined && timeOf(record) > until
}

function isInTime(record: FlowRecord, { since, until }: Wanted): boolean {
  if (since === undefined && until === undefined) return true
  const time = timeOf(record)
  return (since === undefined || time >= since) && (until === undefined || time <= until)
}

function timeOf({ time }: Pick<Flow, 'time'>): bigint {
  return BigInt(time)
}
