import { demoNamespace, demoPods } from '../cluster/demo-manifests.ts'
import type { TapView } from '../cluster/vantage.ts'

/** What a person may want to do with a cluster of kind once it is there. */
export function nextSteps(cluster: string, { capture }: TapView): string[] {
  return [
    `kind export kubeconfig --name ${cluster}`,
    'kubectl get wireproofnodes -o wide',
    `kubectl -n ${demoNamespace} get pods -o wide`,
    `kubectl -n ${demoNamespace} exec daemonset/${demoPods} -- ping -c 3 <address of another pod>`,
    capture,
  ]
}
