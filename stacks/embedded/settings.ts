import { resolve } from 'node:path'
import type { Topology } from '../../lab/topology.ts'
import { readTopology } from '../../lab/topology-file.ts'
import { type Get, readAll, wholeNumber } from '../configuration.ts'
import { mistakeInKernel, mistakeInName } from '../lab-inputs.ts'
import { podsPerNodeLimit, topologyOf } from './topology.ts'

/** What the configuration of the stack asks for. */
export interface Settings {
  readonly name: string
  /** Left out: the first kernel that can do it. */
  readonly kernel?: string
  readonly topology: Topology
}

/**
 * Checks the configuration as a whole.
 *
 * @param get reads one key; undefined where it is not set.
 * @param directory what the path of a topology file is relative to.
 * @throws Problem that names every property that is wrong, what it is and what is allowed.
 */
export function readSettings(get: Get, directory: string): Settings {
  return readAll((mistakes) => {
    const nodes = wholeNumber('nodes', get('nodes'), { fallback: 3, least: 1, most: 250 }, mistakes)
    const limits = { fallback: 2, least: 0, most: podsPerNodeLimit }
    const podsPerNode = wholeNumber('podsPerNode', get('podsPerNode'), limits, mistakes)
    const name = get('name') ?? 'lab'
    const kernel = get('kernel')
    const nameMistake = mistakeInName(name)
    if (nameMistake) mistakes.push(`wireproof:name ${nameMistake}`)
    const kernelMistake = kernel && mistakeInKernel(kernel)
    if (kernelMistake) mistakes.push(`wireproof:kernel ${kernelMistake}`)
    const file = get('topology')
    for (const key of ['nodes', 'podsPerNode'] as const)
      if (file && get(key) !== undefined)
        mistakes.push(
          `wireproof:topology says which nodes there are, so wireproof:${key} must not be set beside it`,
        )
    const topology =
      file && mistakes.length === 0 ? readTopology(resolve(directory, file)) : topologyOf(nodes, podsPerNode)
    return { name, topology, ...(kernel && { kernel }) }
  })
}
