import {
  agentName,
  apiGroup,
  apiVersion,
  keyFile,
  keySecret,
  plurals,
  runDirectory,
  settingsConfigMap,
  settingsDirectory,
  settingsFile,
  systemNamespace,
} from '../../agent/kubernetes/names.ts'

/** As much of a Kubernetes object as all have. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<
    Record<string, unknown>
  >
  readonly [field: string]: unknown
}

export interface AgentSettings {
  readonly image: string
  readonly encryptL3: boolean
  readonly strict: boolean
  readonly routing: 'native' | 'vxlan'
  /** The ranges that the pods of all nodes come from. */
  readonly clusterCidrs: readonly string[]
  /** The device by which nodes reach each other. */
  readonly wire: string
  /** Whether the agent is the cluster's network as well; otherwise another plugs pods in. */
  readonly isNetwork: boolean
}

export const defaultSettings: AgentSettings = {
  image: 'wireproof-agent:0.1.0',
  encryptL3: true,
  strict: true,
  routing: 'native',
  clusterCidrs: ['10.244.0.0/16'],
  wire: 'eth0',
  isNetwork: true,
}

const labels = { 'app.kubernetes.io/name': agentName, 'app.kubernetes.io/part-of': 'wireproof' }
const named = (name: string) => ({ name, labels })
const inSystem = (name: string) => ({ ...named(name), namespace: systemNamespace })

/** Everything that a cluster needs for an agent on every node, but for the Secret with the cluster key. */
export function agentManifests(settings: AgentSettings): KubernetesObject[] {
  return [
    namespace,
    wireproofNodeDefinition,
    encryptionPolicyDefinition,
    serviceAccount,
    clusterRole,
    clusterRoleBinding,
    settingsRole,
    settingsRoleBinding,
    ...ownNodeOnly,
    settingsMap(settings),
    daemonSet(settings),
  ]
}

/** @param key in the form that agents read: `3+ rfc4106(gcm(aes)) <hex> 128`. */
export function keyManifest(key: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: inSystem(keySecret),
    type: 'Opaque',
    stringData: { [keyFile]: key },
  }
}

const namespace: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: systemNamespace,
    labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' },
  },
}

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
const column = (name: string, type: string, jsonPath: string, priority = 0) => ({
  name,
  type,
  jsonPath,
  priority,
})

const wireproofNodeDefinition = definition(
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

const encryptionPolicyDefinition = definition(
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

const serviceAccount: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: inSystem(agentName),
  automountServiceAccountToken: false,
}

const follow = ['list', 'watch'] as const
const clusterRole: KubernetesObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: named(agentName),
  rules: [
    { apiGroups: [''], resources: ['nodes', 'pods', 'services'], verbs: follow },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', ...follow] },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: follow },
    { apiGroups: [apiGroup], resources: [plurals.encryptionPolicies], verbs: follow },
    { apiGroups: [apiGroup], resources: [plurals.wireproofNodes], verbs: ['get', ...follow, 'create'] },
    { apiGroups: [apiGroup], resources: [`${plurals.wireproofNodes}/status`], verbs: ['update'] },
  ],
}

const subjects = [{ kind: 'ServiceAccount', name: agentName, namespace: systemNamespace }]
const clusterRoleBinding: KubernetesObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: named(agentName),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: agentName },
  subjects,
}

const settingsRole: KubernetesObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: inSystem(agentName),
  rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: follow }],
}

const settingsRoleBinding: KubernetesObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: inSystem(agentName),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: agentName },
  subjects,
}

/** RBAC cannot say that an agent speaks of its own node only: a token tells which node it was given out for. */
const ownNodeOnly: readonly KubernetesObject[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: named('wireproof-own-node-only'),
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [apiGroup],
            apiVersions: [apiVersion],
            operations: ['CREATE', 'UPDATE'],
            resources: [plurals.wireproofNodes, `${plurals.wireproofNodes}/status`],
          },
        ],
      },
      matchConditions: [
        {
          name: 'an-agent',
          expression: `request.userInfo.username == "system:serviceaccount:${systemNamespace}:${agentName}"`,
        },
      ],
      validations: [
        {
          expression:
            '"authentication.kubernetes.io/node-name" in request.userInfo.extra && ' +
            'request.userInfo.extra["authentication.kubernetes.io/node-name"] == [object.metadata.name]',
          message: 'an agent speaks of its own node only',
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: named('wireproof-own-node-only'),
    spec: { policyName: 'wireproof-own-node-only', validationActions: ['Deny'] },
  },
]

function settingsMap({ encryptL3, strict, routing, clusterCidrs }: AgentSettings): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: inSystem(settingsConfigMap),
    data: { [settingsFile]: `${JSON.stringify({ encryptL3, strict, routing, clusterCidrs })}\n` },
  }
}

const cniDirectory = '/etc/cni/net.d'
const storeDirectory = `${runDirectory}/cluster`
const socket = `${runDirectory}/agent.sock`
const tokenDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'
const nodeName = { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }
const runMount = { name: 'run', mountPath: runDirectory }
const unprivileged = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

function daemonSet({ image, wire, isNetwork }: AgentSettings): KubernetesObject {
  const mirror = {
    image,
    command: ['node', 'agent/kubernetes/main.ts'],
    env: [nodeName],
    securityContext: unprivileged,
    volumeMounts: [runMount, { name: 'token', mountPath: tokenDirectory, readOnly: true }],
  }
  const mirrorArguments = ['--node=$(NODE)', `--cluster=${storeDirectory}`, `--socket=${socket}`]
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: inSystem(agentName),
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/name': agentName } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: agentName,
          automountServiceAccountToken: false,
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          terminationGracePeriodSeconds: 5,
          tolerations: [{ operator: 'Exists' }],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          initContainers: [
            {
              ...mirror,
              name: 'first-reading',
              args: [...mirrorArguments, '--once'],
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
            },
          ],
          containers: [
            {
              name: 'agent',
              image,
              command: ['node', 'agent/main.ts'],
              args: [
                '--node=$(NODE)',
                `--cluster=${storeDirectory}`,
                '--mirrored',
                `--key=${settingsDirectory}/${keyFile}`,
                `--socket=${socket}`,
                `--wire=${wire}`,
                '--pods=routes',
                '--without-esp=guard',
              ],
              env: [nodeName],
              // bpf() needs CAP_BPF and, for programs on devices and maps of theirs, CAP_NET_ADMIN and CAP_PERFMON.
              securityContext: {
                ...unprivileged,
                capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'BPF', 'PERFMON'] },
              },
              resources: { requests: { cpu: '50m', memory: '96Mi' } },
              volumeMounts: [
                runMount,
                { name: 'key', mountPath: settingsDirectory, readOnly: true },
                { name: 'bpffs', mountPath: '/sys/fs/bpf' },
              ],
              startupProbe: { ...probe('healthz'), periodSeconds: 1, failureThreshold: 120 },
              livenessProbe: { ...probe('healthz'), periodSeconds: 10, failureThreshold: 3 },
              readinessProbe: { ...probe('readyz'), periodSeconds: 5 },
            },
            {
              ...mirror,
              name: 'mirror',
              args: [...mirrorArguments, ...(isNetwork ? [`--cni=${cniDirectory}`] : [])],
              volumeMounts: [
                ...mirror.volumeMounts,
                ...(isNetwork ? [{ name: 'cni', mountPath: cniDirectory }] : []),
              ],
              resources: { requests: { cpu: '20m', memory: '64Mi' } },
            },
          ],
          volumes: [
            { name: 'run', hostPath: { path: runDirectory, type: 'DirectoryOrCreate' } },
            { name: 'bpffs', hostPath: { path: '/sys/fs/bpf', type: 'Directory' } },
            ...(isNetwork
              ? [{ name: 'cni', hostPath: { path: cniDirectory, type: 'DirectoryOrCreate' } }]
              : []),
            { name: 'key', secret: { secretName: keySecret, defaultMode: 0o400 } },
            {
              name: 'token',
              projected: {
                defaultMode: 0o400,
                sources: [
                  { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
                  {
                    configMap: {
                      name: 'kube-root-ca.crt',
                      items: [{ key: 'ca.crt', path: 'ca.crt' }],
                    },
                  },
                ],
              },
            },
          ],
        },
      },
    },
  }
}

/** Asks the agent itself, over its socket. */
function probe(question: 'healthz' | 'readyz') {
  return { exec: { command: ['node', 'agent/probe.mjs', socket, `/${question}`] }, timeoutSeconds: 5 }
}
