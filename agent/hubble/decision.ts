import type { Flow } from '../api.ts'

/** What the datapath decided, in Hubble's words. Names and numbers are those of proto/flow/flow.proto. */

/** Types of events (Cilium's pkg/monitor/api/types.go). */
const dropEvent = 1
const traceEvent = 4

/** Points of observation by hook: their name in Hubble, and the subtype of a trace event, which counts differently. */
const points = {
  'from-pod': { name: 'FROM_ENDPOINT', subtype: 5 },
  'to-wire': { name: 'TO_NETWORK', subtype: 11 },
  'from-wire': { name: 'FROM_NETWORK', subtype: 10 },
  'to-pod': { name: 'TO_ENDPOINT', subtype: 0 },
} as const satisfies Readonly<Record<Flow['hook'], object>>

/** Why packets are dropped, as near as Hubble's list comes to it. The summary has our own word. */
const dropReasons: Readonly<Record<string, DropReason>> = {
  'clear-on-wire': { name: 'UNENCRYPTED_TRAFFIC', number: 195 },
  'clear-from-wire': { name: 'UNENCRYPTED_TRAFFIC', number: 195 },
  'wrong-node': { name: 'INVALID_SOURCE_IP', number: 132 },
  'spoofed-source': { name: 'INVALID_SOURCE_IP', number: 132 },
  'policy-denied': { name: 'POLICY_DENIED', number: 133 },
  'unknown-node': { name: 'NO_NODE_ID', number: 197 },
  malformed: { name: 'INVALID_PACKET_DROPPED', number: 134 },
  'not-configured': { name: 'NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION', number: 165 },
}
const unknownReason: DropReason = { name: 'DROP_REASON_UNKNOWN', number: 0 }

interface DropReason {
  readonly name: string
  readonly number: number
}

/** flow.CiliumEventType */
export interface EventType {
  readonly type: number
  readonly sub_type: number
}

export function verdictOf(flow: Flow): 'FORWARDED' | 'DROPPED' {
  return flow.verdict === 'dropped' ? 'DROPPED' : 'FORWARDED'
}

/** Undefined for what was not dropped. */
export function dropReasonOf(flow: Flow): DropReason | undefined {
  return flow.verdict === 'dropped' ? (dropReasons[flow.reason] ?? unknownReason) : undefined
}

export function eventTypeOf(flow: Flow): EventType {
  const dropped = dropReasonOf(flow)
  return dropped
    ? { type: dropEvent, sub_type: dropped.number }
    : { type: traceEvent, sub_type: points[flow.hook].subtype }
}

/** Undefined for drops, which Hubble places nowhere. */
export function observationPointOf(flow: Flow): string | undefined {
  return flow.verdict === 'dropped' ? undefined : points[flow.hook].name
}

/** As the node sees it: what its pods send leaves, what they get arrives. */
export function directionOf(flow: Flow): 'EGRESS' | 'INGRESS' {
  return flow.hook === 'from-pod' || flow.hook === 'to-wire' ? 'EGRESS' : 'INGRESS'
}
