import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, type OperationOptions, providerCommand } from '../context.ts'
import { CommandError, NotReadyError } from '../error.ts'
import { type ClusterNode, describeNodes, kubernetesNodes } from './nodes.ts'

/** How the nodes of a cluster are stopped. */
export interface StopOptions extends OperationOptions {
  /** How long a node may take before it is killed, in seconds; 30 by default. */
  readonly grace?: number
}

/** How the nodes of a cluster are started. */
export interface StartOptions extends OperationOptions {
  /** In milliseconds; two minutes by default. */
  readonly timeout?: number
}

/** Whoever others connect to goes first. */
const order: readonly ClusterNode['role'][] = ['external-load-balancer', 'control-plane', 'worker']
const intervalMs = 1000

/** Stops the containers of a cluster; what is in it stays. Those that do not run are left alone. */
export async function stopNodes(
  context: Context,
  cluster: string,
  { grace = 30, signal }: StopOptions = {},
): Promise<void> {
  const nodes = await describeNodes(context, cluster, { signal })
  for (const names of byRole(nodes, (state) => state === 'running').reverse())
    await providerCommand(context, `stop the nodes of ${cluster}`, ['stop', '--time', `${grace}`, ...names], {
      signal,
    })
}

/**
 * Starts the containers of a cluster that were stopped, and waits until containers can be run in each. Kubernetes takes longer:
 * see `waitUntilReady`.
 *
 * @throws NotReadyError when the time is over.
 */
export async function startNodes(
  context: Context,
  cluster: string,
  { timeout = 120_000, signal }: StartOptions = {},
): Promise<void> {
  const nodes = await describeNodes(context, cluster, { signal })
  for (const names of byRole(nodes, (state) => state !== 'running'))
    await providerCommand(context, `start the nodes of ${cluster}`, ['start', ...names], { signal })
  const started = performance.now()
  for (const { name } of await kubernetesNodes(context, cluster, { signal }))
    for (let why = await whyNoContainers(context, name, signal); why; ) {
      const passed = performance.now() - started
      if (passed + intervalMs > timeout) throw new NotReadyError(cluster, passed, [{ node: name, why }])
      await sleep(intervalMs, undefined, signal ? { signal } : {})
      why = await whyNoContainers(context, name, signal)
    }
}

async function whyNoContainers(
  context: Context,
  node: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    await providerCommand(context, `ask ${node} for containerd`, ['exec', node, 'ctr', 'version'], { signal })
    return undefined
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return error.lastLines.at(-1) ?? 'containerd does not answer'
  }
}

function byRole(nodes: readonly ClusterNode[], isWanted: (state: string) => boolean): string[][] {
  return order
    .map((role) => nodes.filter((node) => node.role === role && isWanted(node.state)).map(({ name }) => name))
    .filter((names) => names.length > 0)
}
