import type { AgentStatus } from '../api.ts'

/** What people are told of in Events, by the reason that these have. Notes do not change: what happens again is a series. */
const notes = {
  CleartextStopped:
    'packets that must be encrypted were about to leave this node in clear, and were dropped: an IPsec policy or SA is missing, see what the node waits for',
  CleartextSent:
    'packets that should be encrypted left this node in clear: an IPsec policy or SA is missing, and strict is off',
  CleartextRefused:
    'packets came from the wire in clear in the name of a pod or node that encrypts, and were dropped: somebody speaks for it, or its agent cannot encrypt',
  CleartextAccepted:
    'packets came from the wire in clear in the name of a pod or node that should encrypt, and were accepted: strict is off',
  WrongNode:
    'packets were opened with the key of another node than their source lives on, and were dropped: a node speaks for what is not its own, or a pod has just moved',
  SpoofedSource: 'packets had a source that is not their sender’s, and were dropped',
  NoESP: 'the kernel of this node cannot encrypt: what is protected is dropped in strict mode',
} as const

export type Violation = keyof typeof notes

/** The end of a counter's name, `hook/verdict/reason`. */
const counted: Readonly<Record<string, Violation>> = {
  'dropped/clear-on-wire': 'CleartextStopped',
  'clear/clear-on-wire': 'CleartextSent',
  'dropped/clear-from-wire': 'CleartextRefused',
  'clear/clear-from-wire': 'CleartextAccepted',
  'dropped/wrong-node': 'WrongNode',
  'dropped/spoofed-source': 'SpoofedSource',
}

/** Milliseconds after which what happens again is written again, at the earliest. */
const writeInterval = 60_000
/** Milliseconds of silence after which what happens again is another series. */
const seriesEnd = 600_000

/** Occurrences of one kind, as one Event is to tell them. */
export interface Series {
  readonly violation: Violation
  /** Milliseconds since the epoch. */
  readonly begun: number
  readonly last: number
  readonly count: number
}

type Reading = Pick<AgentStatus, 'started' | 'counters' | 'obstacle'>

/**
 * What of an agent's state is to be told in Events. One Event is written when something begins, and at most once a minute while
 * it goes on, however many packets there are.
 */
export class ViolationSeries {
  readonly #series = new Map<Violation, Series>()
  readonly #written = new Map<Violation, Series>()
  #before: Reading | undefined

  /** @param now milliseconds since the epoch. @returns what is to be written. */
  observe(reading: Reading, now: number): Series[] {
    for (const [violation, count] of this.#occurrences(reading, now)) {
      const present = this.#series.get(violation)
      const goesOn = present !== undefined && now - present.last < seriesEnd
      this.#series.set(violation, {
        violation,
        begun: goesOn ? present.begun : now,
        last: now,
        count: goesOn ? present.count + count : count,
      })
    }
    this.#before = reading
    return [...this.#series.values()].filter((series) => this.#isDue(series, now))
  }

  /** To be called when it has been written; what has not comes again. */
  wrote(series: Series): void {
    this.#written.set(series.violation, series)
  }

  #isDue(series: Series, now: number): boolean {
    const written = this.#written.get(series.violation)
    if (written?.begun !== series.begun) return true
    return written.count !== series.count && now - written.last >= writeInterval
  }

  /** What was counted before anybody looked is not known to be new. */
  #occurrences({ started, counters, obstacle }: Reading, now: number): Map<Violation, number> {
    const found = new Map<Violation, number>()
    const told = this.#series.get('NoESP')
    if (obstacle !== undefined && (told === undefined || now - told.last >= seriesEnd / 2))
      found.set('NoESP', 1)
    if (this.#before === undefined) return found
    const before = this.#before.started === started ? this.#before.counters : {}
    for (const [name, { packets }] of Object.entries(counters)) {
      const violation = counted[name.slice(name.indexOf('/') + 1)]
      const more = packets - (before[name]?.packets ?? 0)
      if (violation && more > 0) found.set(violation, (found.get(violation) ?? 0) + more)
    }
    return found
  }
}

/** In which Events about objects of no namespace have to be. */
export const eventNamespace = 'default'

/** @param about the WireproofNode. */
export function eventOf(
  { violation, begun, last, count }: Series,
  about: { readonly apiVersion: string; readonly name: string; readonly uid: string | undefined },
) {
  const { apiVersion, name, uid } = about
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${name}.${violation.toLowerCase()}.${begun.toString(16)}`,
      namespace: eventNamespace,
    },
    eventTime: microTime(begun),
    reportingController: 'wireproof.dev/agent',
    reportingInstance: name,
    action: 'Guard',
    type: 'Warning',
    reason: violation,
    note: notes[violation],
    regarding: { apiVersion, kind: 'WireproofNode', name, ...(uid !== undefined && { uid }) },
    ...(count > 1 && { series: { count, lastObservedTime: microTime(last) } }),
  }
}

function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z')
}
