import fc from 'fast-check'
import type { Attempt, Manifest, NamespaceLabels, Somebody } from './reference.ts'

/** Clusters, policies and attempts of few different words, so that they have something to do with each other. */

const namespaceName = fc.constantFrom('default', 'blue', 'green')
const key = fc.constantFrom('app', 'tier')
const value = fc.constantFrom('a', 'b', 'c')
const labels = fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true })
const portName = fc.constantFrom('http', 'dns')
const port = fc.constantFrom(53, 79, 80, 81, 8080, 65_535, 1)

const requirement = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(value, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
)

const selector = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ matchLabels: labels }) },
  { weight: 2, arbitrary: fc.record({ matchExpressions: fc.array(requirement, { maxLength: 2 }) }) },
)

const namespaceSelector = fc.oneof(
  selector,
  namespaceName.map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
)

const ipBlock = fc
  .constantFrom(
    { cidr: '0.0.0.0/0', inner: ['10.0.0.0/8', '10.0.1.0/24', '203.0.113.0/24'] },
    { cidr: '10.0.0.0/16', inner: ['10.0.1.0/24', '10.0.1.3/32', '10.0.2.0/24'] },
    { cidr: '10.0.1.0/24', inner: ['10.0.1.2/31', '10.0.1.2/32'] },
    { cidr: '203.0.113.0/24', inner: ['203.0.113.128/25'] },
    { cidr: '::/0', inner: ['fd00::/8', '2001:db8::/32'] },
    { cidr: 'fd00::/8', inner: ['fd00:1::/64', 'fd00:1::2/128'] },
  )
  .chain(({ cidr, inner }) => fc.subarray([...inner]).map((except) => ({ cidr, except })))

const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector }),
  fc.record({ podSelector: selector, namespaceSelector }),
  fc.record({ ipBlock }),
)

const portRule = fc.oneof(
  fc.record(
    { protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'), port: fc.oneof(port, portName) },
    { requiredKeys: [] },
  ),
  fc
    .tuple(
      fc.constantFrom('TCP', 'UDP'),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 70_000 }),
    )
    .map(([protocol, first, size]) => ({ protocol, port: first, endPort: Math.min(65_535, first + size) })),
)

function rule(field: 'from' | 'to') {
  return fc.record(
    { [field]: fc.array(peer, { maxLength: 2 }), ports: fc.array(portRule, { maxLength: 2 }) },
    { requiredKeys: [] },
  )
}

const spec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.subarray(['Ingress', 'Egress']),
    ingress: fc.array(rule('from'), { maxLength: 2 }),
    egress: fc.array(rule('to'), { maxLength: 2 }),
  },
  { requiredKeys: ['podSelector'] },
)

export const manifests: fc.Arbitrary<Manifest[]> = fc
  .array(fc.tuple(namespaceName, spec), { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.map(([namespace, each], index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `p${index}`, ...(namespace === 'default' ? {} : { namespace }) },
      spec: each,
    })),
  )

export const namespaceLabels: fc.Arbitrary<NamespaceLabels> = fc.record({ blue: labels, green: labels })

const ports = fc.dictionary(portName, port, { maxKeys: 2, noNullPrototype: true })

export type Pod = Somebody & Required<Pick<Somebody, 'pod'>>

/** Every pod has an address of its own, some of IPv6. */
export const pods: fc.Arbitrary<Pod[]> = fc
  .array(fc.record({ namespace: namespaceName, labels, ports }), { minLength: 1, maxLength: 6 })
  .map((all) =>
    all.map((pod, index) => ({
      address: index % 3 === 2 ? `fd00:1::${index}` : `10.0.${1 + (index % 2)}.${index + 1}`,
      pod,
    })),
  )

const stranger: fc.Arbitrary<Somebody> = fc
  .constantFrom('203.0.113.5', '203.0.113.200', '198.51.100.1', '2001:db8::5', 'fd77::1', '10.0.1.2')
  .map((address) => ({ address }))

/** What a pod of the cluster might try, or somebody with a pod. */
export function attempts(cluster: readonly Pod[]): fc.Arbitrary<Attempt & { readonly subject: Pod }> {
  const taken = new Set(cluster.map(({ address }) => address))
  const other = fc.oneof(
    fc.constantFrom(...cluster),
    stranger.filter(({ address }) => !taken.has(address)),
  )
  return fc
    .record({
      subject: fc.constantFrom(...cluster),
      other,
      sends: fc.boolean(),
      protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'ICMP' as const),
      port: fc.oneof(port, fc.integer({ min: 1, max: 65_535 })),
    })
    .map(({ subject, other, sends, protocol, port: number }) => ({
      subject,
      from: sends ? subject : other,
      to: sends ? other : subject,
      protocol,
      port: protocol === 'ICMP' ? 0 : number,
    }))
}
