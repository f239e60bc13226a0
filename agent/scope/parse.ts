import { isIP } from 'node:net'
import { Malformed } from '../cluster/parse.ts'
import { overlayDevice } from '../plan/overlay.ts'
import {
  type Document,
  documentsOf,
  parseObjectName,
  parseObjectNameOr,
  refuseTwins,
} from '../policy/documents.ts'
import { fieldsOf, isPresent, listOf, oneOf, type Path, wholeNumber, wrong } from '../policy/fields.ts'
import type { Selector } from '../policy/network-policy.ts'
import { defaultNamespace } from '../policy/parse.ts'
import { parseSelector } from '../policy/parse-selector.ts'
import {
  controlPlane,
  type EncryptionPolicy,
  type Exemption,
  type PodChoice,
  type Service,
  type ServiceName,
} from './encryption-policy.ts'

/**
 * Understands a YAML file of EncryptionPolicy documents.
 *
 * @throws Malformed with the place and what is allowed there.
 */
export function parseEncryptionPolicies(text: unknown): EncryptionPolicy[] {
  const policies = documentsOf(text, 'wireproof.dev/v1alpha1', 'EncryptionPolicy').map(parsePolicy)
  refuseTwins(
    'encryption policy',
    policies.map(({ name }) => name),
  )
  return policies
}

/** In place of a file that has never made sense: it may have meant anything. */
export const everything: readonly EncryptionPolicy[] = [{ name: 'not understood', pods: 'all', nodes: [] }]

function parsePolicy({ path: document, metadata, spec: content }: Document): EncryptionPolicy {
  const path = `${document}spec`
  const spec = fieldsOf(path, content, ['pods', 'services', 'nodes', 'exempt'])
  return {
    name: parseObjectName(`${document}metadata.name`, metadata.name),
    pods: parseChoices(path, spec),
    ...parseNodeTraffic(path, spec),
  }
}

function parseNodeTraffic(
  path: Path,
  { nodes, exempt }: Record<string, unknown>,
): Pick<EncryptionPolicy, 'nodes' | 'exempt'> {
  if (!isPresent(nodes)) {
    if (isPresent(exempt)) throw wrong(`${path}.exempt`, 'is about nodes, and there are no nodes')
    return {}
  }
  return {
    nodes: parseNodes(`${path}.nodes`, nodes),
    exempt: isPresent(exempt) ? listOf(`${path}.exempt`, exempt, parseExemption) : controlPlane,
  }
}

function parseExemption(path: Path, value: unknown): Exemption {
  const fields = fieldsOf(path, value, ['protocol', 'port'])
  const protocol = oneOf(`${path}.protocol`, fields.protocol ?? 'TCP', ['TCP', 'UDP', 'SCTP'])
  const port = wholeNumber(`${path}.port`, fields.port, 1, 65535)
  if (protocol === 'UDP' && port === overlayDevice.port)
    throw wrong(path, `must not be UDP port ${port}: VXLAN would carry pods' packets through it in clear`)
  return { protocol, port }
}

/** A policy that says nothing of pods is about all of them; an empty list is about none. */
function parseChoices(path: Path, { pods, services }: Record<string, unknown>): EncryptionPolicy['pods'] {
  if (pods === 'all' || (!isPresent(pods) && !isPresent(services))) return 'all'
  if (isPresent(pods) && !Array.isArray(pods))
    throw wrong(`${path}.pods`, 'must be all, or a list of selectors')
  return [
    ...listOf(`${path}.pods`, pods, parseChoice),
    ...listOf(`${path}.services`, services, (at, each) => ({ service: parseServiceName(at, each) })),
  ]
}

function parseChoice(path: Path, value: unknown): PodChoice {
  const fields = fieldsOf(path, value, ['podSelector', 'namespaceSelector'])
  const { podSelector, namespaceSelector } = fields
  if (!isPresent(podSelector) && !isPresent(namespaceSelector))
    throw wrong(path, 'must have podSelector or namespaceSelector; write pods: all to mean all')
  return {
    pods: parseSelector(`${path}.podSelector`, podSelector ?? {}),
    namespaces: parseSelector(`${path}.namespaceSelector`, namespaceSelector ?? {}),
  }
}

function parseServiceName(path: Path, value: unknown): ServiceName {
  const { name, namespace } = fieldsOf(path, value, ['name', 'namespace'])
  return {
    name: parseObjectName(`${path}.name`, name),
    namespace: parseObjectNameOr(`${path}.namespace`, namespace, defaultNamespace),
  }
}

function parseNodes(path: Path, value: unknown): Selector {
  if (value === 'all') return []
  if (typeof value !== 'object') throw wrong(path, 'must be all, or an object with nodeSelector')
  return parseSelector(`${path}.nodeSelector`, fieldsOf(path, value, ['nodeSelector']).nodeSelector ?? {})
}

/** A service as the store describes it. @throws Malformed */
export function parseService(value: unknown): Service {
  if (typeof value !== 'object' || value === null) throw new Malformed('an object is expected')
  const { name, namespace, selector, addresses } = value as Record<string, unknown>
  const labels = isPresent(selector) ? selector : {}
  if (typeof labels !== 'object' || Object.values(labels!).some((label) => typeof label !== 'string'))
    throw new Malformed('selector must be an object of labels')
  return {
    name: parseObjectName('name', name),
    namespace: parseObjectNameOr('namespace', namespace, defaultNamespace),
    selector: labels as Service['selector'],
    ...(isPresent(addresses) && { addresses: parseAddresses(addresses) }),
  }
}

function parseAddresses(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'string' || isIP(each) === 0))
    throw new Malformed('addresses must be a list of addresses')
  return value
}
