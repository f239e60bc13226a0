import { isIPv6 } from 'node:net'
import type { Flow, FlowLoss } from '../api.ts'
import { version } from '../version.ts'
import { directionOf, dropReasonOf, eventTypeOf, observationPointOf, verdictOf } from './decision.ts'
import { destinationEndpoint, sourceEndpoint } from './endpoint.ts'

/** google.protobuf.Timestamp */
export interface Timestamp {
  readonly seconds?: string
  readonly nanos?: number
}

const nanosPerSecond = 1_000_000_000n

/** @param time nanoseconds since the epoch. */
export function timestamp(time: bigint): Timestamp {
  return { seconds: `${time / nanosPerSecond}`, nanos: Number(time % nanosPerSecond) }
}

/** Nanoseconds since the epoch. */
export function nanoseconds({ seconds = '0', nanos = 0 }: Timestamp): bigint {
  return BigInt(seconds) * nanosPerSecond + BigInt(nanos)
}

/** flow.Flow. What the datapath does not tell, such as TCP flags and whether it is a reply, is left out. */
export function flowMessage(flow: Flow): Readonly<Record<string, unknown>> {
  const dropped = dropReasonOf(flow)
  const point = observationPointOf(flow)
  const l4 = layer4(flow)
  return {
    time: timestamp(BigInt(flow.time)),
    emitter: { name: 'Wireproof', version },
    verdict: verdictOf(flow),
    ...(dropped ? { drop_reason: dropped.number, drop_reason_desc: dropped.name } : {}),
    IP: {
      source: flow.source,
      destination: flow.destination,
      ipVersion: ipVersionOf(flow),
      encrypted: flow.encrypted,
    },
    ...(l4 ? { l4 } : {}),
    source: sourceEndpoint(flow),
    destination: destinationEndpoint(flow),
    Type: 'L3_L4',
    node_name: flow.node,
    event_type: eventTypeOf(flow),
    traffic_direction: directionOf(flow),
    ...(point ? { trace_observation_point: point } : {}),
    Summary: summary(flow),
  }
}

export function ipVersionOf(flow: Flow): 'IPv4' | 'IPv6' {
  return isIPv6(flow.source) ? 'IPv6' : 'IPv4'
}

function layer4(flow: Flow): object | undefined {
  const ports = { source_port: flow.sourcePort ?? 0, destination_port: flow.destinationPort ?? 0 }
  switch (flow.protocol) {
    case 'tcp':
      return { TCP: ports }
    case 'udp':
      return { UDP: ports }
    case 'ip-132':
      return { SCTP: ports }
    case 'icmp':
      return { ICMPv4: {} }
    case 'ip-58':
      return { ICMPv6: {} }
    default:
      return undefined
  }
}

/** What Hubble has no field for: our own words for the decision, the key's id, and how much it was. */
function summary({ protocol, verdict, reason, epoch, rule, packets, bytes }: Flow): string {
  const key = epoch === undefined ? '' : `, key ${epoch}`
  const by = rule === undefined ? '' : `, ${rule}`
  return `${protocol} ${verdict} (${reason}${key}${by}): ${packets} ${packets === 1 ? 'packet' : 'packets'}, ${bytes} bytes`
}

/** observer.GetFlowsResponse with a flow, of which only what `mask` lets through. */
export function flowResponse(flow: Flow, mask: (message: object) => object): object {
  return { flow: mask(flowMessage(flow)), node_name: flow.node, time: timestamp(BigInt(flow.time)) }
}

const lossSources = {
  ring: 'PERF_EVENT_RING_BUFFER',
  history: 'HUBBLE_RING_BUFFER',
  reader: 'HUBBLE_RING_BUFFER',
} as const satisfies Readonly<Record<FlowLoss['where'], string>>

/** observer.GetFlowsResponse that says how much is missing. */
export function lossResponse({ where, lost, node, time }: FlowLoss): object {
  return {
    lost_events: { source: lossSources[where], num_events_lost: `${lost}` },
    node_name: node,
    time: timestamp(BigInt(time)),
  }
}
