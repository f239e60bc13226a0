import type { Guest } from '../lab/kernel.ts'
import type { Observed } from '../lab/kubernetes/observed-cluster.ts'
import { Problem } from '../lab/problem.ts'
import { clusterOf, contextOf } from './kubernetes.ts'
import { findLab } from './placement.ts'
import { report } from './report.ts'

/** Agents that can be asked from here, or the kernel that holds those of the lab. */
export type Agents =
  | { readonly name: string; readonly keeper: Guest }
  | { readonly name: string; readonly keeper?: undefined; readonly lab: Observed }

/** @throws Problem where there is no such lab or cluster, or it has no agents. */
export async function findAgents(name: string | undefined): Promise<Agents> {
  const config = name === undefined ? undefined : await kubeconfigOf(name)
  if (config) {
    const { ObservedCluster } = await import('../lab/kubernetes/observed-cluster.ts')
    return { name: name!, lab: await ObservedCluster.open(name!, config) }
  }
  const { name: found, keeper } = await findLab(name)
  if (keeper) return { name: found, keeper }
  const { openLab } = await import('../lab/netns/netns-lab.ts')
  return { name: found, lab: openLab(found) }
}

async function kubeconfigOf(name: string) {
  const cluster = clusterOf(name)
  if (cluster !== undefined) {
    const { openKind } = await import('@wireproof/kind-js')
    const { kubeconfigOfCluster } = await import('../lab/kubernetes/stand-up.ts')
    return kubeconfigOfCluster(await openKind({ onNotice: report }), cluster)
  }
  const context = contextOf(name)
  if (context === undefined) return undefined
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromDefault()
  if (context !== '') config.setCurrentContext(context)
  if (config.getCurrentCluster() && config.getContextObject(config.getCurrentContext())) return config
  const known = config.getContexts().map((each) => each.name)
  throw new Problem(
    'ECONTEXT',
    2,
    context === '' ? 'your kubeconfig has no current context' : `your kubeconfig has no context ${context}`,
    known.length > 0 ? `There are: ${known.join(', ')}.` : 'Name a kubeconfig in KUBECONFIG.',
  )
}
