import { setTimeout as sleep } from 'node:timers/promises'
import type { SecurityAssociation } from '../../agent/api.ts'
import { spoken } from '../../agent/duration.ts'
import { epochOfSpi } from '../../agent/keys/epoch.ts'
import type { LabNode } from '../lab.ts'

/** After what a cluster key is replaced, whichever comes first. */
export interface KeyLimits {
  /** Milliseconds. */
  readonly age?: number
  /** Of the association under the key that has carried most. */
  readonly packets?: number
  readonly bytes?: number
}

export type KeyUse = Required<KeyLimits>

/** How often, in milliseconds, it is asked how much a key has carried; also the least age of a key that is replaced for that. */
const lookEvery = 10_000
/** A timer stops while the machine sleeps, and the key grows old. */
const longestSleep = 60_000

/** Why a key is to be replaced, in a few words; undefined where it may stay. */
export function whyRotate(use: KeyUse, limits: KeyLimits): string | undefined {
  if (limits.age !== undefined && use.age >= limits.age) return `it was ${spoken(use.age)} old`
  if (use.age < lookEvery) return undefined
  if (limits.packets !== undefined && use.packets >= limits.packets)
    return `one SA had carried ${use.packets} packets`
  if (limits.bytes !== undefined && use.bytes >= limits.bytes) return `one SA had carried ${use.bytes} bytes`
  return undefined
}

/** How long to wait, in milliseconds, before the next look. */
export function untilNextLook(use: KeyUse, limits: KeyLimits): number {
  const counts = limits.packets !== undefined || limits.bytes !== undefined
  const untilOld = limits.age === undefined ? longestSleep : Math.max(0, limits.age - use.age)
  return Math.min(untilOld, counts ? lookEvery : longestSleep)
}

/** What of a lab a rotation needs. */
export interface Rotated {
  nodes(): Promise<readonly Pick<LabNode, 'name'>[]>
  securityAssociations(node: string): Promise<readonly SecurityAssociation[]>
  /** The key's id, and for how many milliseconds it has been the cluster's. */
  key(): { readonly id: number; readonly age: number }
  rotateKey(): Promise<{ readonly from: number; readonly to: number }>
}

/**
 * Replaces the cluster key whenever it is due, until the signal aborts. Where a node does not follow, the others have moved
 * all the same: it is told, and the node's agent goes on with the rotation when it is back.
 */
export async function keepRotating(
  lab: Rotated,
  limits: KeyLimits,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const use = await useOf(lab, limits)
    const why = whyRotate(use, limits)
    if (why === undefined) {
      await sleep(untilNextLook(use, limits), undefined, { signal }).catch(() => {})
      continue
    }
    const before = lab.key().id
    try {
      const { from, to } = await lab.rotateKey()
      report(`every node sends under key ${to}, in place of key ${from}: ${why}`)
    } catch (error) {
      const { id } = lab.key()
      const what =
        id === before ? `key ${before} stays` : `key ${id} is given out, and not every node follows`
      report(`${what}: ${(error as Error).message}`)
      // Nothing was written, by somebody else's leave: it may be his no more in a moment.
      if (id === before) await sleep(1000, undefined, { signal }).catch(() => {})
    }
  }
}

async function useOf(lab: Rotated, limits: KeyLimits): Promise<KeyUse> {
  const { id, age } = lab.key()
  if (limits.packets === undefined && limits.bytes === undefined) return { age, packets: 0, bytes: 0 }
  const nodes = await lab.nodes()
  const associations = (await Promise.all(nodes.map(({ name }) => lab.securityAssociations(name)))).flat()
  const most = (count: (sa: SecurityAssociation) => number) =>
    associations
      .filter(({ spi }) => epochOfSpi(spi) === id)
      .reduce((highest, sa) => Math.max(highest, count(sa)), 0)
  return { age, packets: most(({ packets }) => packets), bytes: most(({ bytes }) => bytes) }
}
