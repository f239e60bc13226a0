import { createHash } from 'node:crypto'

/** What makes pods the same to every policy. */
export interface Identified {
  readonly labels: Readonly<Record<string, string>>
  /** `default` where absent. */
  readonly namespace?: string
  /** Numbers of named ports; none where absent. */
  readonly ports?: Readonly<Record<string, number>>
}

/** The same text for pods of one identity, and another text for every other. */
export function identityText({ labels, namespace = 'default', ports = {} }: Identified): string {
  return JSON.stringify([namespace, sorted(labels), sorted(ports)])
}

/**
 * Pods with the same namespace, labels and named ports have the same identity, on every node, without anyone handing out
 * numbers. Never 0.
 */
export function identityOf(pod: Identified): number {
  return createHash('sha256').update(identityText(pod)).digest().readUInt32LE(0) || 1
}

function sorted(entries: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))
}
