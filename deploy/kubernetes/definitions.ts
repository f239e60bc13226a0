import { apiGroup, apiVersion, plurals } from '../../agent/kubernetes/names.ts'
import { type KubernetesObject, named } from './object.ts'

type Schema = Readonly<Record<string, unknown>>
const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer', format: 'int64' }
const flag: Schema = { type: 'boolean' }
const object = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
})
const list = (items: Schema): Schema => ({ type: 'array', items })

function definition(
  names: { kind: string; plural: string; shortNames: readonly string[] },
  version: Record<string, unknown>,
): KubernetesObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: named(`${names.plural}.${apiGroup}`),
    spec: {
      group: apiGroup,
      scope: 'Cluster',
      names: { ...names, singular: names.kind.toLowerCase(), categories: ['wireproof'] },
      versions: [{ name: apiVersion, served: true, storage: true, ...version }],
    },
  }
}

const datapath = object({ encryptL3: flag, strict: flag }, ['encryptL3', 'strict'])
const condition = object(
  {
    type: text,
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: text,
    message: text,
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
  ['type', 'status', 'reason', 'lastTransitionTime'],
)

const ofCondition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`
/** A priority of 0 is left out, as the API server does: what it keeps is then what it was given. */
const column = (name: string, type: string, jsonPath: string, priority = 0) => ({
  name,
  type,
  jsonPath,
  ...(priority !== 0 && { priority }),
})

export const wireproofNodeDefinition = definition(
  { kind: 'WireproofNode', plural: plurals.wireproofNodes, shortNames: ['wpn'] },
  {
    subresources: { status: {} },
    additionalPrinterColumns: [
      column('Ready', 'string', ofCondition('Ready', 'status')),
      column('Encrypting', 'string', ofCondition('Encrypting', 'status')),
      column('Reason', 'string', ofCondition('Encrypting', 'reason')),
      column('Suite', 'string', '.status.suite'),
      column('Key', 'integer', '.status.keyId'),
      column('Peers', 'integer', '.status.peers'),
      column('Age', 'date', '.metadata.creationTimestamp'),
      column('Message', 'string', ofCondition('Encrypting', 'message'), 1),
    ],
    schema: {
      openAPIV3Schema: {
        ...object({
          status: object({
            incarnation: { type: 'string', pattern: '^[0-9a-f]{32}$' },
            lifeRevision: whole,
            announcement: object(
              {
                incarnation: text,
                key: text,
                receives: whole,
                sends: whole,
                attempts: { type: 'object', additionalProperties: whole },
                datapath,
              },
              ['incarnation', 'key', 'receives', 'sends', 'attempts', 'datapath'],
            ),
            suite: text,
            keyId: whole,
            peers: whole,
            conditions: {
              ...list(condition),
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['type'],
            },
          }),
        }),
        description: 'What the agent of the node of this name has told the others, and how it is.',
      },
    },
  },
)

export const encryptionPolicyDefinition = definition(
  { kind: 'EncryptionPolicy', plural: plurals.encryptionPolicies, shortNames: ['encpol'] },
  {
    additionalPrinterColumns: [column('Age', 'date', '.metadata.creationTimestamp')],
    schema: {
      openAPIV3Schema: {
        ...object(
          {
            spec: object({
              // `all`, or a list of selectors: a schema of Kubernetes has no word for either.
              pods: { 'x-kubernetes-preserve-unknown-fields': true },
              services: list(object({ name: text, namespace: text }, ['name'])),
              nodes: { 'x-kubernetes-preserve-unknown-fields': true },
              exempt: list(
                object(
                  {
                    protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
                    port: { type: 'integer', minimum: 1, maximum: 65_535 },
                  },
                  ['port'],
                ),
              ),
            }),
          },
          ['spec'],
        ),
        description: 'What is encrypted, where that is not all that pods send between nodes.',
      },
    },
  },
)
