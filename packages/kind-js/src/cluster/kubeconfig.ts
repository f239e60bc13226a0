import { assertClusterName, type Context, kindCommand, type OperationOptions } from '../context.ts'

/** Which way into a cluster credentials are for. */
export interface KubeconfigOptions extends OperationOptions {
  /** For use inside the provider's network, by the node's name, instead of from this machine. */
  readonly internal?: boolean
}

/** How credentials are put in a file. */
export interface ExportKubeconfigOptions extends KubeconfigOptions {
  /** Others in it stay; `$KUBECONFIG` or `~/.kube/config` by default. */
  readonly file?: string
}

/** @returns a kubeconfig in YAML: the credentials of a cluster administrator, so a secret. */
export async function readKubeconfig(
  context: Context,
  cluster: string,
  { internal = false, signal }: KubeconfigOptions = {},
): Promise<string> {
  assertClusterName(cluster)
  const words = ['get', 'kubeconfig', '--name', cluster, ...(internal ? ['--internal'] : [])]
  return await kindCommand(context, `get the kubeconfig of ${cluster}`, words, { signal })
}

/** Adds a cluster's credentials to a file, and makes it the current context there. */
export async function exportKubeconfig(
  context: Context,
  cluster: string,
  { internal = false, file, signal }: ExportKubeconfigOptions = {},
): Promise<void> {
  assertClusterName(cluster)
  const words = ['export', 'kubeconfig', '--name', cluster]
  if (internal) words.push('--internal')
  if (file !== undefined) words.push('--kubeconfig', file)
  await kindCommand(context, `export the kubeconfig of ${cluster}`, words, { signal })
}
