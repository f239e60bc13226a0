import { createHash } from 'node:crypto'

type Labels = Readonly<Record<string, string>>
type Ports = Readonly<Record<string, number>>

/** What makes pods the same to every policy. */
export interface Identified {
  readonly labels: Labels
  /** `default` where absent. */
  readonly namespace?: string
  /** Numbers of named ports; none where absent. */
  readonly ports?: Ports
}

/** Pods that are the same to every policy. */
export interface Kind {
  /** The same for pods of one kind, and another for every other. */
  readonly text: string
  readonly identity: number
  readonly namespace: string
  readonly labels: Labels
  readonly ports: Ports
}

const noPorts: Ports = {}

/** By labels, then by what else there is: stores let pods that have the same labels share them. */
const known = new WeakMap<Labels, Map<string, Kind>>()

/** Found out once for as many pods as share their labels. */
export function kindOf({ labels, namespace = 'default', ports = noPorts }: Identified): Kind {
  const rest = ports === noPorts ? namespace : JSON.stringify([namespace, sorted(ports)])
  const kinds = known.get(labels) ?? new Map<string, Kind>()
  let kind = kinds.get(rest)
  if (!kind) {
    const text = JSON.stringify([namespace, sorted(labels), sorted(ports)])
    kind = { text, identity: identityFrom(text), namespace, labels, ports }
    known.set(labels, kinds.set(rest, kind))
  }
  return kind
}

/**
 * Pods with the same namespace, labels and named ports have the same identity, on every node, without anyone handing out
 * numbers. Never 0.
 */
export function identityOf(pod: Identified): number {
  return kindOf(pod).identity
}

function identityFrom(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0) || 1
}

function sorted(entries: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))
}
