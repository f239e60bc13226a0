import { type ClusterConfig, defaultClusterName } from '../config/types.ts'
import { assertValidConfig } from '../config/validate.ts'
import { formatConfig } from '../config/yaml.ts'
import { assertClusterName, type Context, kindCommand, type ProgressOptions, tell } from '../context.ts'
import { CleanUpError, KindError } from '../error.ts'
import { deleteCluster } from './delete.ts'
import { listNodeNames } from './list.ts'

/** How a cluster is made. */
export interface CreateOptions extends ProgressOptions {
  /** Instead of the name in the configuration. */
  readonly name?: string
  readonly config?: ClusterConfig
  /** The node image, for all nodes, whatever the configuration says. */
  readonly image?: string
  /** The file that gets the cluster's credentials; `$KUBECONFIG` or `~/.kube/config` by default. */
  readonly kubeconfig?: string
  /**
   * How long kind waits for the control planes to be ready, in milliseconds; 0, the default, is not at all. When the
   * time is over kind goes on, with the event `not-ready`. To wait for every node, see `waitUntilReady`.
   */
  readonly wait?: number
  /** Leaves what there is of a cluster that could not be made, or that was aborted, to be looked at. */
  readonly retain?: boolean
}

/** A cluster that was made. */
export interface CreatedCluster {
  readonly name: string
  /** Of its credentials in the kubeconfig file, for `kubectl --context`. */
  readonly context: string
}

/**
 * Makes a cluster, or nothing: what is there when it fails or is aborted is removed, unless `retain` says otherwise.
 *
 * @throws ConfigError before anything is started, where the configuration is wrong.
 * @throws KindError `EEXISTS` where there is a cluster of this name, which is left alone.
 * @throws CommandError where it cannot be made.
 * @throws CleanUpError where what was half made could not be removed.
 */
export async function createCluster(context: Context, options: CreateOptions = {}): Promise<CreatedCluster> {
  const { config = {}, signal, onProgress, retain = false } = options
  const name = options.name ?? config.name ?? defaultClusterName
  assertClusterName(name)
  assertValidConfig({ ...config, name })
  if ((await listNodeNames(context, name, { signal })).length > 0)
    throw new KindError('EEXISTS', `there is a cluster called ${name} already`, {
      remedy: 'Delete it first, or take another name.',
    })
  let begun = false
  try {
    await kindCommand(context, `create cluster ${name}`, words(name, options), {
      signal,
      input: formatConfig({ ...config, name }),
      onProgress: (progress) => {
        // Before it says so, kind has made nothing; what there is then is somebody else's.
        begun ||= progress.type === 'creating'
        tell(onProgress, progress)
      },
    })
  } catch (error) {
    if (begun && !retain) await cleanUp(context, name, options, error)
    throw error
  }
  return { name, context: `kind-${name}` }
}

function words(name: string, { image, kubeconfig, wait = 0, retain = false }: CreateOptions): string[] {
  return [
    ...['create', 'cluster', '--name', name, '--config', '-'],
    ...(image === undefined ? [] : ['--image', image]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(wait > 0 ? ['--wait', `${Math.ceil(wait)}ms`] : []),
    ...(retain ? ['--retain'] : []),
  ]
}

const attempts = 5
const pause = 500

/**
 * Removes what there is of a cluster. The caller's signal has no say in it: it may be the reason. A container that the
 * daemon was asked for just before may turn up late, so it is looked for again.
 */
async function cleanUp(
  context: Context,
  name: string,
  { onProgress, kubeconfig }: CreateOptions,
  cause: unknown,
): Promise<void> {
  let left: readonly string[] = []
  let failure: unknown
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    try {
      left = await listNodeNames(context, name)
      failure = undefined
      // Once more after it looked clean.
      if (left.length === 0 && attempt > 0) return
      if (left.length === 0) continue
      tell(onProgress, { type: 'cleaning-up', cluster: name })
      await deleteCluster(context, name, kubeconfig === undefined ? {} : { kubeconfig })
    } catch (error) {
      failure = error
    }
  }
  if (left.length > 0 || failure) throw new CleanUpError(name, left, failure, cause)
}
