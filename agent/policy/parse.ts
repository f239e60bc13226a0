import { type Document, documentsOf, parseObjectName, parseObjectNameOr, refuseTwins } from './documents.ts'
import { fieldsOf, isPresent, listOf, oneOf, type Path, wholeNumber, wrong } from './fields.ts'
import type { NetworkPolicy, Peer, PolicyDirection, Port, Rule } from './network-policy.ts'
import { parseIpBlock } from './parse-cidr.ts'
import { parseSelector } from './parse-selector.ts'

/** RFC 6335 section 5.1. */
const portName = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/
const types = ['Ingress', 'Egress'] as const
const peersField = { ingress: 'from', egress: 'to' } as const
export const defaultNamespace = 'default'

/**
 * Understands a YAML file of NetworkPolicy documents, as strictly as the API server.
 *
 * @throws Malformed with the place and what is allowed there.
 */
export function parsePolicies(text: unknown): NetworkPolicy[] {
  const policies = documentsOf(text, 'networking.k8s.io/v1', 'NetworkPolicy').map(parsePolicy)
  refuseTwins(
    'policy',
    policies.map(({ namespace, name }) => `${namespace}/${name}`),
  )
  return policies
}

function parsePolicy({ path: document, metadata, spec: content }: Document): NetworkPolicy {
  // What else is in the metadata, such as labels and annotations, is for others.
  const name = parseObjectName(`${document}metadata.name`, metadata.name)
  const namespace = parseObjectNameOr(`${document}metadata.namespace`, metadata.namespace, defaultNamespace)
  const path = `${document}spec`
  const spec = fieldsOf(path, content, ['podSelector', 'ingress', 'egress', 'policyTypes'])
  const rules = (direction: PolicyDirection) =>
    listOf(`${path}.${direction}`, spec[direction], (at, each) =>
      parseRule(at, each, direction, `${namespace}/${name}/${direction}`),
    )
  const ingress = rules('ingress')
  const egress = rules('egress')
  const named = listOf(`${path}.policyTypes`, spec.policyTypes, (at, each) => oneOf(at, each, types))
  const implied: typeof named = egress.length > 0 ? [...types] : ['Ingress']
  const inForce = named.length > 0 ? named : implied
  return {
    namespace,
    name,
    pods: parseSelector(`${path}.podSelector`, spec.podSelector ?? {}),
    rules: {
      ...(inForce.includes('Ingress') ? { ingress } : {}),
      ...(inForce.includes('Egress') ? { egress } : {}),
    },
  }
}

/** Names end in the rule's place in its list. */
function parseRule(path: Path, value: unknown, direction: PolicyDirection, names: string): Rule {
  const field = peersField[direction]
  const fields = fieldsOf(path, value, [field, 'ports'])
  const peers = listOf(`${path}.${field}`, fields[field], parsePeer)
  const ports = listOf(`${path}.ports`, fields.ports, parsePort)
  return {
    name: `${names}/${path.slice(path.lastIndexOf('[') + 1, -1)}`,
    ...(peers.length > 0 ? { peers } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }
}

function parsePeer(path: Path, value: unknown): Peer {
  const { ipBlock, podSelector, namespaceSelector } = fieldsOf(path, value, [
    'podSelector',
    'namespaceSelector',
    'ipBlock',
  ])
  const bySelector = isPresent(podSelector) || isPresent(namespaceSelector)
  if (isPresent(ipBlock)) {
    if (bySelector) throw wrong(path, 'must have ipBlock or selectors, not both')
    return { ipBlock: parseIpBlock(`${path}.ipBlock`, ipBlock) }
  }
  if (!bySelector)
    throw wrong(path, 'must have podSelector, namespaceSelector or ipBlock; write {} to select all')
  return {
    ...(isPresent(podSelector) ? { pods: parseSelector(`${path}.podSelector`, podSelector) } : {}),
    ...(isPresent(namespaceSelector)
      ? { namespaces: parseSelector(`${path}.namespaceSelector`, namespaceSelector) }
      : {}),
  }
}

function parsePort(path: Path, value: unknown): Port {
  const fields = fieldsOf(path, value, ['protocol', 'port', 'endPort'])
  const protocol = isPresent(fields.protocol)
    ? oneOf(`${path}.protocol`, fields.protocol, ['TCP', 'UDP', 'SCTP'])
    : 'TCP'
  const port = isPresent(fields.port) ? parsePortOrName(`${path}.port`, fields.port) : undefined
  if (!isPresent(fields.endPort)) return { protocol, ...(port === undefined ? {} : { port }) }
  if (typeof port !== 'number') throw wrong(`${path}.endPort`, 'needs a port that is a number')
  return { protocol, port, endPort: wholeNumber(`${path}.endPort`, fields.endPort, port, 65_535) }
}

function parsePortOrName(path: Path, value: unknown): number | string {
  if (typeof value === 'string' && portName.test(value)) return value
  if (typeof value === 'string')
    throw wrong(path, 'must be a number, or a name of at most 15 lower case letters, digits and -')
  return wholeNumber(path, value, 1, 65_535)
}
