import { named } from './object.ts'

/** Of the pods that demos send from and to; they need no rights at all. */
export const namespaceManifest = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    ...named('wireproof-demo'),
    labels: {
      'app.kubernetes.io/part-of': 'wireproof',
      'pod-security.kubernetes.io/enforce': 'restricted',
    },
  },
}
