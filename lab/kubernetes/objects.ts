import type { V1Node, V1Pod } from '@kubernetes/client-node'
import type { LabNode, LabPod } from '../lab.ts'
import type { PodSpec } from '../topology.ts'

/** The container of a pod in which demos run their programs. */
export const workloadContainer = 'workload'
const workloadImage = 'wireproof-workload'

/** @param id its number among the nodes. */
export function labNode({ metadata, spec, status }: V1Node, id: number): LabNode {
  const name = metadata?.name ?? ''
  const underlay = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
  const podCidrs = spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])
  return { name, id, underlay, podCidrs, ...(metadata?.labels && { labels: metadata.labels }) }
}

/** Undefined for one that has no address of its own, or has ended. */
export function labPod({ metadata, spec, status }: V1Pod): LabPod | undefined {
  if (spec?.hostNetwork || status?.phase !== 'Running' || metadata?.deletionTimestamp) return undefined
  const addresses = (status.podIPs ?? []).flatMap(({ ip }) => ip ?? [])
  if (addresses.length === 0) return undefined
  return {
    name: metadata?.name ?? '',
    node: spec?.nodeName ?? '',
    addresses,
    labels: metadata?.labels ?? {},
  }
}

/** A pod that does nothing until a demo runs something in it. */
export function workloadPod({ name, node, labels }: PodSpec, namespace: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { ...labels, 'app.kubernetes.io/part-of': 'wireproof' } },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: workloadContainer,
          image: workloadImage,
          imagePullPolicy: 'Never',
          command: ['node', '-e', 'setInterval(() => {}, 1 << 30)'],
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: 65534,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
  }
}
