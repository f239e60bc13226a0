import { BlockList, isIPv4 } from 'node:net'

/**
 * NetworkPolicy read out loud, as slow as it is plain: no defaults filled in beforehand, no identities, no prefixes. What
 * the compiler comes to is compared with this.
 */

/** A document as it is written; only what is looked at here has a type. */
// biome-ignore lint/suspicious/noExplicitAny: it is what a person wrote, before anything has understood it.
export type Manifest = any

export interface Somebody {
  readonly address: string
  /** Absent for what is no pod. */
  readonly pod?: {
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
    readonly ports: Readonly<Record<string, number>>
  }
}

export interface Attempt {
  readonly from: Somebody
  readonly to: Somebody
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP'
  readonly port: number
}

export type NamespaceLabels = Readonly<Record<string, Readonly<Record<string, string>>>>

export function mayReceive(attempt: Attempt, policies: Manifest[], namespaces: NamespaceLabels): boolean {
  return mayDo('Ingress', attempt.to, attempt.from, attempt, policies, namespaces)
}

export function maySend(attempt: Attempt, policies: Manifest[], namespaces: NamespaceLabels): boolean {
  return mayDo('Egress', attempt.from, attempt.to, attempt, policies, namespaces)
}

function mayDo(
  type: 'Ingress' | 'Egress',
  subject: Somebody,
  other: Somebody,
  attempt: Attempt,
  policies: Manifest[],
  namespaces: NamespaceLabels,
): boolean {
  const isolating = policies.filter((policy) => applies(policy, subject) && typesOf(policy).includes(type))
  if (isolating.length === 0) return true
  for (const policy of isolating) {
    const rules = (type === 'Ingress' ? policy.spec.ingress : policy.spec.egress) ?? []
    for (const rule of rules) {
      const peers = (type === 'Ingress' ? rule.from : rule.to) ?? []
      for (const peer of peers.length > 0 ? peers : ['anyone'])
        if (
          isPeer(peer, other, namespaceOf(policy), namespaces) &&
          isPort(rule.ports ?? [], peer, type, attempt)
        )
          return true
    }
  }
  return false
}

function applies(policy: Manifest, { pod }: Somebody): boolean {
  return (
    pod !== undefined &&
    pod.namespace === namespaceOf(policy) &&
    matches(policy.spec.podSelector ?? {}, pod.labels)
  )
}

function namespaceOf(policy: Manifest): string {
  return policy.metadata.namespace ?? 'default'
}

function typesOf({ spec }: Manifest): string[] {
  if ((spec.policyTypes ?? []).length > 0) return spec.policyTypes
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

function isPeer(peer: Manifest, other: Somebody, own: string, namespaces: NamespaceLabels): boolean {
  if (peer === 'anyone') return true
  if (peer.ipBlock) {
    const { cidr, except = [] } = peer.ipBlock
    return isIn(cidr, other.address) && !except.some((each: string) => isIn(each, other.address))
  }
  if (other.pod === undefined) return false
  const { namespace, labels } = other.pod
  if (peer.podSelector && !matches(peer.podSelector, labels)) return false
  if (!peer.namespaceSelector) return namespace === own
  const automatic = { 'kubernetes.io/metadata.name': namespace }
  return matches(peer.namespaceSelector, { ...namespaces[namespace], ...automatic })
}

function isIn(cidr: string, address: string): boolean {
  const [network = '', length] = cidr.split('/')
  if (isIPv4(network) !== isIPv4(address)) return false
  const list = new BlockList()
  const family = isIPv4(network) ? 'ipv4' : 'ipv6'
  list.addSubnet(network, Number(length), family)
  return list.check(address, family)
}

/** Names are those of the pod that is connected to; towards a block of addresses they mean nothing. */
function isPort(ports: Manifest[], peer: Manifest, type: string, { to, protocol, port }: Attempt): boolean {
  if (ports.length === 0) return true
  const isEgressBlock = peer.ipBlock !== undefined && type === 'Egress'
  return ports.some((each) => {
    if ((each.protocol ?? 'TCP') !== protocol) return false
    if (each.port === undefined) return true
    if (typeof each.port === 'string') return !isEgressBlock && to.pod?.ports[each.port] === port
    return port >= each.port && port <= (each.endPort ?? each.port)
  })
}

function matches({ matchLabels = {}, matchExpressions = [] }: Manifest, labels: Record<string, string>) {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false
  for (const { key, operator, values } of matchExpressions) {
    const has = key in labels
    if (operator === 'Exists' && !has) return false
    if (operator === 'DoesNotExist' && has) return false
    if (operator === 'In' && !(has && values.includes(labels[key]))) return false
    if (operator === 'NotIn' && has && values.includes(labels[key])) return false
  }
  return true
}
