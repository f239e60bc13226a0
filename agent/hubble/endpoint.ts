import type { Flow } from '../api.ts'

/** Cilium's reserved identities (pkg/identity/numericidentity.go), for ends that are no pods. */
const unknown = 0
const host = 1
const remoteNode = 6

/** Pods have no namespaces here; Hubble's filters take a pod's name without one to be in this one. */
export const namespace = 'default'

/** flow.Endpoint: one end of a flow. */
export interface Endpoint {
  readonly identity: number
  readonly namespace?: string
  /** Such as `k8s:app=web` and `reserved:host`. */
  readonly labels: readonly string[]
  readonly pod_name?: string
}

export function sourceEndpoint(flow: Flow): Endpoint {
  const { node, sourcePod, sourceNode, sourceIdentity, sourceLabels } = flow
  return endpoint(node, sourcePod, sourceNode, sourceIdentity, sourceLabels)
}

export function destinationEndpoint(flow: Flow): Endpoint {
  const { node, destinationPod, destinationNode, destinationIdentity, destinationLabels } = flow
  return endpoint(node, destinationPod, destinationNode, destinationIdentity, destinationLabels)
}

function endpoint(
  observer: string,
  pod: string | undefined,
  node: string | undefined,
  identity: number | undefined,
  labels: Flow['sourceLabels'],
): Endpoint {
  if (pod !== undefined)
    return {
      identity: identity ?? unknown,
      namespace,
      labels: Object.entries(labels ?? {}).map(([key, value]) => `k8s:${key}=${value}`),
      pod_name: pod,
    }
  if (node === observer) return { identity: host, labels: ['reserved:host'] }
  if (node !== undefined) return { identity: remoteNode, labels: ['reserved:remote-node'] }
  return { identity: identity ?? unknown, labels: ['reserved:unknown'] }
}
