import { assertClusterName, type Context, kindCommand, linesOf, type OperationOptions } from '../context.ts'

export async function listClusters(context: Context, { signal }: OperationOptions = {}): Promise<string[]> {
  return linesOf(await kindCommand(context, 'list clusters', ['get', 'clusters'], { signal }))
}

/** The containers of a cluster, running or not; none where there is no such cluster. */
export async function listNodeNames(
  context: Context,
  cluster: string,
  { signal }: OperationOptions = {},
): Promise<string[]> {
  assertClusterName(cluster)
  const words = ['get', 'nodes', '--name', cluster]
  return linesOf(await kindCommand(context, `list the nodes of ${cluster}`, words, { signal }))
}
