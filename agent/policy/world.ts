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
  return policies
    .filter(({ namespace, pods }) => namespace === kind.namespace && selects(pods, kind.labels))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
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
      : // Kubernetes gives every namespace this label, whatever else it has.
        selects(peer.namespaces, { ...namespaces.get(kind.namespace), [nameLabel]: kind.namespace })
  return inNamespace && (peer.pods === undefined || selects(peer.pods, kind.labels))
}
