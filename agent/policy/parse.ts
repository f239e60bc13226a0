import { parseAllDocuments } from 'yaml'
import { Malformed } from '../cluster/parse.ts'
import { fieldsOf, isPresent, listOf, oneOf, type Path, textOf, wholeNumber, wrong } from './fields.ts'
import type { NetworkPolicy, Peer, PolicyDirection, Port, Rule } from './network-policy.ts'
import { parseIpBlock } from './parse-cidr.ts'
import { parseSelector } from './parse-selector.ts'

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
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
  const documents = parseAllDocuments(text as string, { uniqueKeys: true, logLevel: 'error' })
  const several = documents.length > 1
  const policies = [...documents].flatMap((document, index) => {
    const [mistake] = document.errors
    if (mistake) throw new Malformed(mistake.message.split('\n')[0]!.replace(/:$/, ''))
    const value = contentOf(document)
    // Nothing between two separators.
    if (value === null || value === undefined) return []
    return [parsePolicy(several ? `document ${index + 1}: ` : '', value)]
  })
  const names = policies.map(({ namespace, name }) => `${namespace}/${name}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Malformed(`policy ${twice} is there twice`)
  return policies
}

/** Aliases that unfold to more than anyone would write are refused by the library. */
function contentOf(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new Malformed((error as Error).message)
  }
}

function parsePolicy(document: Path, value: unknown): NetworkPolicy {
  const known = ['apiVersion', 'kind', 'metadata', 'spec', 'status']
  const fields = fieldsOf(document === '' ? 'the document' : document.slice(0, -2), value, known)
  oneOf(`${document}apiVersion`, fields.apiVersion, ['networking.k8s.io/v1'])
  oneOf(`${document}kind`, fields.kind, ['NetworkPolicy'])
  const { name, namespace } = parseMetadata(`${document}metadata`, fields.metadata)
  const path = `${document}spec`
  const spec = fieldsOf(path, fields.spec ?? {}, ['podSelector', 'ingress', 'egress', 'policyTypes'])
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

/** What else is there, such as labels and annotations, is for others. */
function parseMetadata(path: Path, value: unknown): { name: string; namespace: string } {
  if (typeof value !== 'object' || value === null) throw wrong(path, 'must be an object with a name')
  const { name, namespace } = value as Record<string, unknown>
  const parse = (at: Path, each: unknown) => {
    if (!objectName.test(textOf(at, each)))
      throw wrong(at, 'must consist of lower case letters, digits, - and .')
    return each as string
  }
  return {
    name: parse(`${path}.name`, name),
    namespace: isPresent(namespace) ? parse(`${path}.namespace`, namespace) : defaultNamespace,
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
