import { type Get, oneOf } from './configuration.ts'

/** What a stack can stand up, as `wireproof:cluster` has it. */
export const clusterChoices = ['embedded', 'kind', 'eks', 'gke', 'existing'] as const
export type ClusterChoice = (typeof clusterChoices)[number]

/** A stack that says nothing is a lab on this machine. */
export function readClusterChoice(get: Get, mistakes: string[]): ClusterChoice {
  return oneOf('cluster', get('cluster'), clusterChoices, 'embedded', mistakes)
}
