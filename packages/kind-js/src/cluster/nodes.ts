import { isObject } from '../config/check.ts'
import type { NodeRole } from '../config/types.ts'
import { type Context, type OperationOptions, parseJson, providerCommand } from '../context.ts'
import { KindError } from '../error.ts'
import { listNodeNames } from './list.ts'

/** A container that belongs to a cluster. */
export interface ClusterNode {
  /** Of the container, and of the node in Kubernetes. */
  readonly name: string
  /** Of the container; a cluster that is made anew under its name has others. */
  readonly id: string
  /** The load balancer is no node of Kubernetes. */
  readonly role: NodeRole | 'external-load-balancer'
  /** The provider's word for it, such as `running` or `exited`. */
  readonly state: string
  readonly image: string
  /** On the provider's networks, IPv4 first. */
  readonly addresses: readonly string[]
  /** Of its first process, as this machine counts them where the provider runs on it; 0 where it does not run. */
  readonly pid: number
}

const roleLabel = 'io.x-k8s.kind.role'

/** @throws KindError `ENOCLUSTER` where there is no such cluster. */
export async function describeNodes(
  context: Context,
  cluster: string,
  { signal }: OperationOptions = {},
): Promise<ClusterNode[]> {
  const names = await listNodeNames(context, cluster, { signal })
  if (names.length === 0) throw new KindError('ENOCLUSTER', `there is no cluster called ${cluster}`)
  const words = ['inspect', '--type', 'container', ...names]
  const printed = await providerCommand(context, `inspect the nodes of ${cluster}`, words, { signal })
  return nodesFromInspection(parseJson(printed, `${context.provider} inspect`)).sort((a, b) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  )
}

/** Those that are nodes of Kubernetes. */
export async function kubernetesNodes(
  context: Context,
  cluster: string,
  options: OperationOptions = {},
): Promise<ClusterNode[]> {
  return (await describeNodes(context, cluster, options)).filter(
    ({ role }) => role !== 'external-load-balancer',
  )
}

/** @param inspection what `docker inspect`, `podman inspect` or `nerdctl inspect` printed. */
export function nodesFromInspection(inspection: unknown): ClusterNode[] {
  if (!Array.isArray(inspection)) throw new KindError('EOUTPUT', 'an inspection of containers is not a list')
  return inspection.map((container: unknown) => {
    const name = at(container, 'Name')
    const role = at(container, 'Config', 'Labels', roleLabel)
    if (typeof name !== 'string' || !isRole(role))
      throw new KindError(
        'EOUTPUT',
        `container ${String(name)} is no node: its label ${roleLabel} is ${String(role)}`,
      )
    return {
      name: name.replace(/^\//, ''),
      id: String(at(container, 'Id') ?? ''),
      role,
      state: String(at(container, 'State', 'Status') ?? 'unknown'),
      image: String(at(container, 'Config', 'Image') ?? ''),
      addresses: addressesOf(at(container, 'NetworkSettings', 'Networks')),
      pid: Number(at(container, 'State', 'Pid') ?? 0),
    }
  })
}

function addressesOf(networks: unknown): string[] {
  const all = isObject(networks) ? Object.values(networks) : []
  return ['IPAddress', 'GlobalIPv6Address'].flatMap((field) =>
    all
      .map((network) => at(network, field))
      .filter((address): address is string => typeof address === 'string' && address !== ''),
  )
}

function isRole(role: unknown): role is ClusterNode['role'] {
  return role === 'control-plane' || role === 'worker' || role === 'external-load-balancer'
}

function at(value: unknown, ...names: readonly string[]): unknown {
  let its = value
  for (const name of names) its = isObject(its) ? its[name] : undefined
  return its
}
