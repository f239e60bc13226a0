import { demoNamespace, demoPods } from '../cluster/demo-manifests.ts'
import type { TapView } from '../cluster/vantage.ts'

/** What a person may want to do with a cluster in a cloud once it is there. @param connect adds it to the user's kubeconfig. */
export function nextSteps(connect: string, end: string, { capture }: TapView): string[] {
  return [
    connect,
    'kubectl get wireproofnodes -o wide',
    `kubectl -n ${demoNamespace} get pods -o wide`,
    `kubectl -n ${demoNamespace} exec daemonset/${demoPods} -- ping -c 3 <address of another pod>`,
    capture,
    `npm run pulumi -- destroy, also after ${end}, when the cluster has ended by itself: the network around it stays`,
  ]
}
