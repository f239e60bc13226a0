import { demoNamespace, demoPods } from '../cluster/demo-manifests.ts'
import type { TapView } from '../cluster/vantage.ts'

/** What a person may want to do in a cluster that agents have come to. */
export function nextSteps(context: string, { capture }: TapView): string[] {
  const kubectl = `kubectl --context ${context}`
  return [
    `${kubectl} get wireproofnodes -o wide`,
    `${kubectl} -n ${demoNamespace} get pods -o wide`,
    `${kubectl} -n ${demoNamespace} exec daemonset/${demoPods} -- ping -c 3 <address of another pod>`,
    capture,
    'npm run pulumi -- destroy',
  ]
}
