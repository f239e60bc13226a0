import { type Labels, type Selector, selects } from '../policy/network-policy.ts'

/** What is to be encrypted, understood: defaults filled in. */
export interface EncryptionPolicy {
  readonly name: string
  /** Traffic of these between nodes. */
  readonly pods: 'all' | readonly PodChoice[]
  /** Traffic of these nodes themselves with each other. Absent: of none. */
  readonly nodes?: Selector
  /** What these nodes may ask each other in clear until they have keys for each other; see `controlPlane`. */
  readonly exempt?: readonly Exemption[]
}

export interface Exemption {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
}

/** Exempt where a policy does not say: the API server, etcd and the kubelet, without which no node would ever learn of keys. */
export const controlPlane: readonly Exemption[] = [6443, 2379, 2380, 10250].map((port) => ({
  protocol: 'TCP',
  port,
}))

/** Pods by their labels and their namespaces' labels, or those behind a service. */
export type PodChoice =
  | { readonly pods: Selector; readonly namespaces: Selector }
  | { readonly service: ServiceName }

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** A service, as far as it tells which pods are behind it. */
export interface Service extends ServiceName {
  /** Without any, no pod is. */
  readonly selector: Labels
  /** That stand for those behind it, and are nobody's own. */
  readonly addresses?: readonly string[]
}

export function isBehind(service: Service, namespace: string, labels: Labels): boolean {
  const wanted = Object.entries(service.selector)
  return (
    service.namespace === namespace &&
    wanted.length > 0 &&
    wanted.every(([key, value]) => selects([{ key, operator: 'In', values: [value] }], labels))
  )
}
