import { resolve } from 'node:path'
import { assertClusterName, type Context, kindCommand, type OperationOptions } from '../context.ts'

/**
 * Collects the logs of a cluster: of every node the journal, the kubelet's and containerd's logs, and those of pods.
 *
 * @param directory is made where it is not there.
 * @returns its absolute path.
 */
export async function exportLogs(
  context: Context,
  cluster: string,
  directory: string,
  { signal }: OperationOptions = {},
): Promise<string> {
  assertClusterName(cluster)
  const target = resolve(directory)
  await kindCommand(context, `export the logs of ${cluster}`, ['export', 'logs', target, '--name', cluster], {
    signal,
  })
  return target
}
