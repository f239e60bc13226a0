import type { Kind } from '../plan/identity.ts'
import { type Labels, type NetworkPolicy, type Peer, selects } from './network-policy.ts'

/** What policies are made of and applied to. */
export interface PolicyWorld {
  readonly kinds: Iterable<Kind>
  /** Labels of namespaces, as they were given. */
  readonly namespaces: ReadonlyMap<string, Labels>
  readonly policies: readonly NetworkPolicy[]
}

const nameLabel = 'kubernetes.io/metadata.name'

/** In the order of their names, so that what is told of several that agree is always the same one. */
export function policiesOf(kind: Kind, { policies }: PolicyWorld): NetworkPolicy[] {
  return policies.filter((policy) => isFor(policy, kind)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function isFor({ namespace, pods }: NetworkPolicy, kind: Kind): boolean {
  return namespace === kind.namespace && selects(pods, kind.labels)
}

/** Those that are nobody's. */
export function idlePolicies({ kinds, policies }: PolicyWorld): NetworkPolicy[] {
  const all = [...kinds]
  return policies.filter((policy) => !all.some((kind) => isFor(policy, kind)))
}

/** With the one that Kubernetes gives every namespace, whatever else it has. */
export function labelsOfNamespace(namespace: string, namespaces: PolicyWorld['namespaces']): Labels {
  return { ...namespaces.get(namespace), [nameLabel]: namespace }
}

/** @param namespace of the policy. */
export function isPeer(
  peer: Exclude<Peer, { readonly ipBlock: unknown }>,
  namespace: string,
  kind: Kind,
  namespaces: PolicyWorld['namespaces'],
): boolean {
  const inNamespace =
    peer.namespaces === undefined
      ? kind.namespace === namespace
      : selects(peer.namespaces, labelsOfNamespace(kind.namespace, namespaces))
  return inNamespace && (peer.pods === undefined || selects(peer.pods, kind.labels))
}
