import type { KubernetesObject } from '../../deploy/kubernetes/object.ts'

export const demoNamespace = 'wireproof-demo'
export const demoPods = 'workload'

const labels = { 'app.kubernetes.io/name': demoPods, 'app.kubernetes.io/part-of': 'wireproof' }

/** Pods for demos: one on every node, the control plane's too, so that two of them are on different nodes as soon as there are two. */
export function demoManifests(image: string): KubernetesObject[] {
  const container = {
    name: 'workload',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '-e', 'setInterval(() => {}, 1 << 30)'],
    resources: { requests: { cpu: '10m', memory: '32Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65534,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  const spec = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    containers: [container],
  }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: demoNamespace, labels } },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: demoPods, namespace: demoNamespace, labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ]
}
