import { assertClusterName, type Context, kindCommand, type ProgressOptions, tell } from '../context.ts'

/** How a cluster is deleted. */
export interface DeleteOptions extends ProgressOptions {
  /** The file that loses the cluster's credentials; `$KUBECONFIG` or `~/.kube/config` by default. */
  readonly kubeconfig?: string
}

/** @returns whether there was such a cluster. */
export async function deleteCluster(
  context: Context,
  name: string,
  options: DeleteOptions = {},
): Promise<boolean> {
  assertClusterName(name)
  const { kubeconfig, signal, onProgress } = options
  let deleted = false
  const words = [
    'delete',
    'cluster',
    '--name',
    name,
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ]
  await kindCommand(context, `delete cluster ${name}`, words, {
    signal,
    onProgress: (progress) => {
      deleted ||= progress.type === 'deleted'
      tell(onProgress, progress)
    },
  })
  return deleted
}
