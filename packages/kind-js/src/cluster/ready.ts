import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '../config/check.ts'
import { type Context, type OperationOptions, parseJson, providerCommand } from '../context.ts'
import { CommandError, KindError, NotReadyError } from '../error.ts'
import { type ClusterNode, kubernetesNodes } from './nodes.ts'

/** How to wait for a cluster. */
export interface ReadyOptions extends OperationOptions {
  /** In milliseconds; five minutes by default. */
  readonly timeout?: number
  /** Between two looks, in milliseconds; one second by default. */
  readonly interval?: number
  /** Called at every look with the nodes that are not ready yet. */
  readonly onWaiting?: (waitingFor: NotReadyError['waitingFor']) => void
}

/**
 * Waits until every node of a cluster is Ready to Kubernetes. Asks inside a control plane, so no kubectl is needed here.
 *
 * @throws NotReadyError when the time is over, with what each node still lacks.
 * @throws KindError `ENOCLUSTER` where there is no such cluster, or no longer.
 */
export async function waitUntilReady(
  context: Context,
  cluster: string,
  options: ReadyOptions = {},
): Promise<void> {
  const { timeout = 300_000, interval = 1000, signal, onWaiting } = options
  const started = performance.now()
  for (;;) {
    const nodes = await kubernetesNodes(context, cluster, { signal })
    const waitingFor = await lookAt(context, nodes, signal)
    if (waitingFor.length === 0) return
    onWaiting?.(waitingFor)
    const passed = performance.now() - started
    if (passed + interval > timeout) throw new NotReadyError(cluster, passed, waitingFor)
    try {
      await sleep(interval, undefined, signal ? { signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }
}

async function lookAt(
  context: Context,
  nodes: readonly ClusterNode[],
  signal: AbortSignal | undefined,
): Promise<NotReadyError['waitingFor']> {
  const controlPlane = nodes.find(({ role, state }) => role === 'control-plane' && state === 'running')
  if (!controlPlane)
    return nodes.map(({ name, state }) => ({ node: name, why: `no control plane runs (${state})` }))
  const kubectl = [
    'kubectl',
    '--kubeconfig=/etc/kubernetes/admin.conf',
    '--request-timeout=10s',
    'get',
    'nodes',
  ]
  const words = ['exec', controlPlane.name, ...kubectl, '-o', 'json']
  try {
    const printed = await providerCommand(context, 'ask for the state of nodes', words, { signal })
    return notReady(nodes, parseJson(printed, 'kubectl get nodes'))
  } catch (error) {
    // The API server may not answer yet, or be gone for a while.
    if (!(error instanceof CommandError)) throw error
    const why = error.lastLines.at(-1) ?? 'Kubernetes does not answer'
    return nodes.map(({ name }) => ({ node: name, why }))
  }
}

/**
 * @param list what `kubectl get nodes -o json` printed.
 * @returns the nodes that are not ready, and why.
 */
export function notReady(
  nodes: readonly Pick<ClusterNode, 'name'>[],
  list: unknown,
): NotReadyError['waitingFor'] {
  if (!isObject(list) || !Array.isArray(list.items))
    throw new KindError('EOUTPUT', 'kubectl get nodes: no list')
  const byName = new Map(list.items.map((item: KubernetesNode) => [item.metadata?.name, item]))
  return nodes.flatMap(({ name }) => {
    const node = byName.get(name)
    if (!node) return [{ node: name, why: 'has not joined' }]
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
    return ready?.status === 'True' ? [] : [{ node: name, why: ready?.message || 'has no condition Ready' }]
  })
}

interface KubernetesNode {
  readonly metadata?: { readonly name?: string }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string
      readonly status?: string
      readonly message?: string
    }[]
  }
}
