import { createHash } from 'node:crypto'

/** Pods with the same labels have the same identity, on every node, without anyone handing out numbers. Never 0. */
export function identityOf(labels: Readonly<Record<string, string>>): number {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest().readUInt32LE(0) || 1
}
