import type { Flow, Labels } from '../api.ts'

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
  labels: Labels | undefined,
): Endpoint {
  if (pod !== undefined)
    return {
      identity: identity ?? unknown,
      namespace,
      labels: labels ? written(labels) : [],
      pod_name: pod,
    }
  if (node === observer) return { identity: host, labels: ['reserved:host'] }
  if (node !== undefined) return { identity: remoteNode, labels: ['reserved:remote-node'] }
  return { identity: identity ?? unknown, labels: ['reserved:unknown'] }
}

/** By pod: all flows of a pod share its labels, and a question may look at tens of thousands of flows. */
const known = new WeakMap<Labels, readonly string[]>()

function written(labels: Labels): readonly string[] {
  const before = known.get(labels)
  if (before) return before
  const now = Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`)
  known.set(labels, now)
  return now
}
