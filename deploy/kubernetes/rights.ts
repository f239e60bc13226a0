import { agentName, apiGroup, apiVersion, plurals, systemNamespace } from '../../agent/kubernetes/names.ts'
import { inSystem, type KubernetesObject, named } from './object.ts'

const serviceAccount: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: inSystem(agentName),
  automountServiceAccountToken: false,
}

const rbac = 'rbac.authorization.k8s.io'
const follow = ['list', 'watch'] as const

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** A role and its binding to the agents' account: for the whole cluster, or within its namespace. */
function granted(kind: 'ClusterRole' | 'Role', rules: readonly Rule[]): KubernetesObject[] {
  const apiVersion = `${rbac}/v1`
  const metadata = kind === 'Role' ? inSystem(agentName) : named(agentName)
  const roleRef = { apiGroup: rbac, kind, name: agentName }
  const subjects = [{ kind: 'ServiceAccount', name: agentName, namespace: systemNamespace }]
  return [
    { apiVersion, kind, metadata, rules },
    { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects },
  ]
}

/** RBAC cannot say that an agent speaks of its own node only: a token tells which node it was given out for. */
function ownNodeOnly(
  name: string,
  resource: { readonly apiGroup: string; readonly apiVersion: string; readonly resources: readonly string[] },
  nodesIn: readonly string[],
): KubernetesObject[] {
  const admission = 'admissionregistration.k8s.io/v1'
  const { apiGroup, apiVersion, resources } = resource
  const rule = {
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    operations: ['CREATE', 'UPDATE'],
    resources,
  }
  const node = 'request.userInfo.extra["authentication.kubernetes.io/node-name"]'
  const agent = `request.userInfo.username == "system:serviceaccount:${systemNamespace}:${agentName}"`
  const policy = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [rule] },
    matchConditions: [{ name: 'an-agent', expression: agent }],
    validations: [
      {
        expression: [
          '"authentication.kubernetes.io/node-name" in request.userInfo.extra',
          ...nodesIn.map((field) => `${node} == [${field}]`),
        ].join(' && '),
        message: 'an agent speaks of its own node only',
      },
    ],
  }
  return [
    { apiVersion: admission, kind: 'ValidatingAdmissionPolicy', metadata: named(name), spec: policy },
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: named(name),
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ]
}

/** What agents may, which is what their mirrors do. */
export const rights: readonly KubernetesObject[] = [
  serviceAccount,
  ...granted('ClusterRole', [
    { apiGroups: [''], resources: ['nodes', 'pods', 'services'], verbs: follow },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', ...follow] },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: follow },
    { apiGroups: [apiGroup], resources: [plurals.encryptionPolicies], verbs: follow },
    { apiGroups: [apiGroup], resources: [plurals.wireproofNodes], verbs: ['get', ...follow, 'create'] },
    { apiGroups: [apiGroup], resources: [`${plurals.wireproofNodes}/status`], verbs: ['update'] },
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  ]),
  ...granted('Role', [{ apiGroups: [''], resources: ['configmaps'], verbs: follow }]),
  ...ownNodeOnly(
    'wireproof-own-node-only',
    { apiGroup, apiVersion, resources: [plurals.wireproofNodes, `${plurals.wireproofNodes}/status`] },
    ['object.metadata.name'],
  ),
  ...ownNodeOnly(
    'wireproof-events-of-own-node',
    { apiGroup: 'events.k8s.io', apiVersion: 'v1', resources: ['events'] },
    ['object.reportingInstance', 'object.regarding.name'],
  ),
]
