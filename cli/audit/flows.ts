import type { Flow } from '../../agent/api.ts'
import type { AuditedFlow } from './schema.ts'

type Outcome = AuditedFlow['outcome']

/** The worst that happened to a flow is what it is judged by. */
const order: readonly Outcome[] = ['encrypted', 'held-back', 'clear']

/** What an event means for an audit; undefined where it is out of scope: within a node, or not protected. */
export function outcomeOf({ verdict, reason }: Flow): Outcome | undefined {
  if (verdict === 'clear') return 'clear'
  // It was dropped here, but in clear on its way: it has crossed the wire.
  if (reason === 'clear-from-wire') return 'clear'
  if (verdict === 'dropped') return 'held-back'
  return verdict === 'forwarded' ? undefined : 'encrypted'
}

/** ESP between nodes is the envelope of flows that are told of anyhow. A pod may speak ESP itself: that is a flow. */
export function isEnvelope({ protocol, verdict, sourcePod, destinationPod }: Flow): boolean {
  const hasNoPod = sourcePod === undefined && destinationPod === undefined
  return protocol === 'esp' && verdict === 'encrypted' && hasNoPod
}

/** Brings what several agents tell of a flow at several hooks into one. */
export function auditFlows(events: readonly Flow[]): AuditedFlow[] {
  const inScope = events.flatMap((event) => {
    const outcome = outcomeOf(event)
    return outcome ? [{ event, outcome }] : []
  })
  const byFlow = Map.groupBy(inScope, ({ event }) => nameOf(event))
  return [...byFlow.values()].map(auditFlow)
}

interface Seen {
  readonly event: Flow
  readonly outcome: Outcome
}

function auditFlow(seen: readonly Seen[]): AuditedFlow {
  const outcome = order.findLast((each) => seen.some((one) => one.outcome === each))!
  const decisive = seen.flatMap((one) => (one.outcome === outcome ? [one.event] : []))
  const [event] = decisive as [Flow, ...Flow[]]
  const { packets, bytes } = largest(decisive)
  const times = seen.map(({ event }) => BigInt(event.time)).sort((a, b) => (a < b ? -1 : 1))
  return {
    protocol: event.protocol,
    source: end(event, 'source'),
    destination: end(event, 'destination'),
    outcome,
    verdict: event.verdict,
    reason: event.reason,
    epochs: distinct(seen.flatMap((one) => one.event.epoch ?? [])).sort((a, b) => a - b),
    packets,
    bytes,
    first: iso(times[0]!),
    last: iso(times.at(-1)!),
    toldBy: distinct(seen.map((one) => one.event.node)).sort(),
  }
}

/** A packet passes several hooks, and is counted at each: the hook that counted most has seen them all. */
function largest(events: readonly Flow[]): { packets: number; bytes: number } {
  const sums = [...Map.groupBy(events, ({ node, hook }) => `${node} ${hook}`).values()].map((at) => ({
    packets: at.reduce((sum, { packets }) => sum + packets, 0),
    bytes: at.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
  return sums.reduce((most, each) => (each.packets > most.packets ? each : most))
}

function nameOf({ protocol, source, sourcePort, destination, destinationPort }: Flow): string {
  return `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`
}

function end(flow: Flow, which: 'source' | 'destination'): AuditedFlow['source'] {
  const isSource = which === 'source'
  const port = isSource ? flow.sourcePort : flow.destinationPort
  const pod = isSource ? flow.sourcePod : flow.destinationPod
  const node = isSource ? flow.sourceNode : flow.destinationNode
  const identity = isSource ? flow.sourceIdentity : flow.destinationIdentity
  const labels = isSource ? flow.sourceLabels : flow.destinationLabels
  return {
    address: flow[which],
    ...(port === undefined ? {} : { port }),
    ...(pod === undefined ? {} : { pod }),
    ...(node === undefined ? {} : { node }),
    ...(identity === undefined ? {} : { identity }),
    ...(labels === undefined ? {} : { labels }),
  }
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)]
}

function iso(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString()
}
