import { agentName, systemNamespace } from '../../agent/kubernetes/names.ts'

/** As much of a Kubernetes object as all have. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<
    Record<string, unknown>
  >
  readonly [field: string]: unknown
}

export const labels = { 'app.kubernetes.io/name': agentName, 'app.kubernetes.io/part-of': 'wireproof' }
export const named = (name: string) => ({ name, labels })
export const inSystem = (name: string) => ({ ...named(name), namespace: systemNamespace })
