import { setTimeout as sleep } from 'node:timers/promises'
import type { SecurityAssociation } from '../../agent/api.ts'
import type { Lab } from '../../lab/lab.ts'

/** Well under the second for which an agent keeps an association that nobody sends on any more. */
const everyMs = 100

/** Security associations that come and go while something changes. */
export interface AssociationWatch {
  /** Reads them now, besides. */
  look(): Promise<void>
  /** @returns every association there was, as it was last read. */
  end(): Promise<readonly SecurityAssociation[]>
}

/**
 * Reads what all kernels hold, again and again. An agent keeps an association for a second after its last packet, so the
 * last that is read of it is all that it did.
 *
 * @param signal ends it where nobody asks for its end.
 */
export function watchAssociations(
  lab: Pick<Lab, 'nodes' | 'securityAssociations'>,
  signal?: AbortSignal,
): AssociationWatch {
  const latest = new Map<string, SecurityAssociation>()
  const over = new AbortController()
  signal?.addEventListener('abort', () => over.abort(), { once: true })
  const isThere = async (node: string) => (await lab.nodes()).some(({ name }) => name === node)
  const look = async () => {
    for (const { name } of await lab.nodes())
      try {
        for (const sa of await lab.securityAssociations(name)) latest.set(nameOf(sa), sa)
      } catch (error) {
        // One that leaves meanwhile has been read before by whoever has it leave.
        if (await isThere(name)) throw error
      }
  }
  const watching = (async () => {
    while (!over.signal.aborted) {
      await look()
      await sleep(everyMs, undefined, { signal: over.signal }).catch(() => {})
    }
  })()
  // Looked at by end(); an arm that stops before has no use for it.
  watching.catch(() => {})
  return {
    look,
    end: async () => {
      over.abort()
      await watching
      await look()
      return [...latest.values()]
    },
  }
}

function nameOf({ node, direction, source, destination, spi, key }: SecurityAssociation): string {
  return `${node} ${direction} ${source} ${destination} ${spi} ${key}`
}
