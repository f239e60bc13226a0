import { resolve } from 'node:path'
import { Problem } from '../../lab/problem.ts'
import type { Topology } from '../../lab/topology.ts'
import { readTopology } from '../../lab/topology-file.ts'
import { mistakeInKernel, mistakeInName } from '../lab-inputs.ts'
import { podsPerNodeLimit, topologyOf } from './topology.ts'

/** What the configuration of the stack asks for. */
export interface Settings {
  readonly name: string
  /** Left out: the first kernel that can do it. */
  readonly kernel?: string
  readonly topology: Topology
}

const known = ['name', 'nodes', 'podsPerNode', 'topology', 'kernel'] as const
type Key = (typeof known)[number]

const defaults = { name: 'lab', nodes: 3, podsPerNode: 2 }

/**
 * Checks the configuration as a whole.
 *
 * @param get reads one key; undefined where it is not set.
 * @param directory what the path of a topology file is relative to.
 * @throws Problem that names every property that is wrong, what it is and what is allowed.
 */
export function readSettings(get: (key: Key) => string | undefined, directory: string): Settings {
  const mistakes: string[] = []
  const nodes = wholeNumber('nodes', get('nodes'), defaults.nodes, 1, 250, mistakes)
  const podsPerNode = wholeNumber(
    'podsPerNode',
    get('podsPerNode'),
    defaults.podsPerNode,
    0,
    podsPerNodeLimit,
    mistakes,
  )
  const name = get('name') ?? defaults.name
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
  if (mistakes.length > 0) {
    const remedy =
      'Change it with: npm run pulumi -- config set wireproof:<property> <value>, or config rm wireproof:<property>.'
    throw new Problem('ECONFIG', 2, mistakes.join('\n'), remedy)
  }
  const topology = file ? readTopology(resolve(directory, file)) : topologyOf(nodes, podsPerNode)
  return { name, topology, ...(kernel && { kernel }) }
}

function wholeNumber(
  key: Key,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
  mistakes: string[],
): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  mistakes.push(
    `wireproof:${key} must be a whole number from ${least} to ${most}; it is ${JSON.stringify(text)}`,
  )
  return fallback
}
