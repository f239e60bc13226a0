import { isIP } from 'node:net'
import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import type { Service } from '../scope/encryption-policy.ts'
import type { ApiObject } from './follow.ts'

export interface NodeObject extends ApiObject {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] }
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
}

export interface PodObject extends ApiObject {
  readonly spec?: {
    readonly nodeName?: string
    readonly hostNetwork?: boolean
    readonly initContainers?: readonly ContainerSpec[]
    readonly containers?: readonly ContainerSpec[]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip: string }[]
  }
}

interface ContainerSpec {
  readonly restartPolicy?: string
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
}

/** Undefined for one that has no address or no range for its pods yet. */
export function nodeOf(object: NodeObject): ClusterNode | undefined {
  const node = nodeWithoutRange(object)
  const { spec } = object
  const podCidrs = spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])
  return node && podCidrs.length > 0 ? { ...node, podCidrs } : undefined
}

/** Where its pods have addresses from anywhere; undefined for one that has no address itself. */
export function nodeWithoutRange({ metadata, status }: NodeObject): ClusterNode | undefined {
  const underlay = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (underlay === undefined) return undefined
  return { name: metadata.name, underlay, podCidrs: [], ...(metadata.labels && { labels: metadata.labels }) }
}

/** Names are an object's own only within its namespace. */
export function nameInNamespace({ metadata: { namespace, name } }: ApiObject): string {
  return `${namespace}/${name}`
}

/** Undefined for one that has no address of its own: its node's, none yet, or none any more. */
export function podOf(pod: PodObject): ClusterPod | undefined {
  const { metadata, spec, status } = pod
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : [])
  if (spec?.hostNetwork || hasEnded || !spec?.nodeName || addresses.length === 0) return undefined
  const ports = namedPorts(spec)
  return {
    name: nameInNamespace(pod),
    node: spec.nodeName,
    addresses,
    labels: metadata.labels ?? {},
    namespace: metadata.namespace ?? 'default',
    ...(Object.keys(ports).length > 0 && { ports }),
  }
}

/** Of containers that run beside each other; the first of a name counts. */
function namedPorts({ containers = [], initContainers = [] }: NonNullable<PodObject['spec']>) {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const ports: Record<string, number> = {}
  for (const { name, containerPort } of [...sidecars, ...containers].flatMap((each) => each.ports ?? []))
    if (name !== undefined) ports[name] ??= containerPort
  return ports
}

export function namespaceOf({ metadata }: ApiObject) {
  return { name: metadata.name, labels: metadata.labels ?? {} }
}

export interface ServiceObject extends ApiObject {
  readonly spec?: {
    readonly selector?: Service['selector']
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
  }
}

export function serviceOf({ metadata, spec }: ServiceObject): Service {
  const { clusterIP } = spec ?? {}
  const addresses = (spec?.clusterIPs ?? [clusterIP ?? '']).filter((each) => isIP(each) !== 0)
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    selector: spec?.selector ?? {},
    ...(addresses.length > 0 && { addresses }),
  }
}

/** As the document that a person would have written: what the API server adds is for others. */
export function documentOf(
  object: ApiObject & { readonly spec?: unknown },
  apiVersion: string,
  kind: string,
) {
  const { name, namespace } = object.metadata
  return { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) }, spec: object.spec ?? {} }
}
