import { type ClusterConfig, defaultClusterName } from './types.ts'

/** A host's name on Linux may have so many characters. */
export const longestHostName = 64

/**
 * How kind will call the nodes of a cluster, in the order of the configuration, and the load balancer, which comes last,
 * where there are several control planes.
 */
export function plannedNodeNames(config: ClusterConfig, name = config.name ?? defaultClusterName): string[] {
  const nodes = config.nodes?.length ? config.nodes : [{}]
  const roles = nodes.map(({ role = 'control-plane' }) => role as string)
  if (roles.filter((role) => role === 'control-plane').length > 1) roles.push('external-load-balancer')
  const seen = new Map<string, number>()
  return roles.map((role) => {
    const count = (seen.get(role) ?? 0) + 1
    seen.set(role, count)
    return `${name}-${role}${count > 1 ? count : ''}`
  })
}
