import { agentSecurity } from './daemon-set.ts'
import { inSystem, type KubernetesObject } from './object.ts'

/** Something that is done once on a node, with what an agent of it may. */
export interface NodeTask {
  readonly name: string
  readonly node: string
  readonly image: string
  readonly command: readonly string[]
}

/** Of a pod that stands for a task. */
export const taskLabel = 'wireproof.dev/task'
/** What a task writes there is in the status of its pod. */
export const taskReport = '/dev/termination-log'

/** A pod on the node's own network, past the scheduler: where there is no network yet, and on nodes that take no other pods. */
export function nodeTask({ name, node, image, command }: NodeTask): KubernetesObject {
  const metadata = inSystem(name)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels: { 'app.kubernetes.io/part-of': 'wireproof', [taskLabel]: name } },
    spec: {
      nodeName: node,
      hostNetwork: true,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'task',
          image,
          command,
          env: [{ name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
          securityContext: agentSecurity,
          terminationMessagePath: taskReport,
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [{ name: 'bpffs', mountPath: '/sys/fs/bpf' }],
        },
      ],
      volumes: [{ name: 'bpffs', hostPath: { path: '/sys/fs/bpf', type: 'Directory' } }],
    },
  }
}
