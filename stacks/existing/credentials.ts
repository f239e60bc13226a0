import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { Problem } from '../../lab/problem.ts'

/** How a cluster is reached, and nothing of others that the same file may speak of. */
export interface Credentials {
  readonly config: KubeConfig
  readonly context: string
  /** As YAML. */
  readonly kubeconfig: string
}

/**
 * Reads a kubeconfig.
 *
 * @param file undefined for where kubectl would look.
 * @param context undefined for its current one.
 * @throws Problem where there is none, or it makes no sense.
 */
export function readCredentials(
  { file, context }: { readonly file: string | undefined; readonly context: string | undefined },
  directory: string,
  env: NodeJS.ProcessEnv = process.env,
): Credentials {
  const path = file ? resolve(directory, file) : (env.KUBECONFIG?.split(':')[0] ?? defaultFile())
  const remedy = 'Set it: npm run pulumi -- config set wireproof:kubeconfig <file>.'
  if (!existsSync(path)) throw new Problem('EKUBECONFIG', 2, `there is no kubeconfig ${path}`, remedy)
  const config = new KubeConfig()
  try {
    config.loadFromFile(path)
  } catch (error) {
    throw new Problem('EKUBECONFIG', 2, `${path} is no kubeconfig: ${(error as Error).message}`, remedy)
  }
  const wanted = context ?? config.getCurrentContext()
  const known = config.getContexts().map(({ name }) => name)
  if (!known.includes(wanted))
    throw new Problem(
      'ECONTEXT',
      2,
      `${path} has no context ${wanted || 'that is the current one'}`,
      `Set wireproof:context to one of ${known.join(', ') || 'those of another file'}.`,
    )
  config.setCurrentContext(wanted)
  return { config, context: wanted, kubeconfig: onlyThis(config) }
}

const defaultFile = () => join(homedir(), '.kube/config')

function onlyThis(config: KubeConfig): string {
  const { name, cluster, user, namespace } = config.getContextObject(config.getCurrentContext())!
  const only = new KubeConfig()
  only.loadFromOptions({
    clusters: config.getClusters().filter((each) => each.name === cluster),
    users: config.getUsers().filter((each) => each.name === user),
    contexts: [{ name, cluster, user, ...(namespace && { namespace }) }],
    currentContext: name,
  })
  return stringify(JSON.parse(only.exportConfig()))
}
