import { type CreatedCluster, type CreateOptions, createCluster } from './cluster/create.ts'
import { type DeleteOptions, deleteCluster } from './cluster/delete.ts'
import {
  type ExportKubeconfigOptions,
  exportKubeconfig,
  type KubeconfigOptions,
  readKubeconfig,
} from './cluster/kubeconfig.ts'
import { listClusters, listNodeNames } from './cluster/list.ts'
import { exportLogs } from './cluster/logs.ts'
import { type ClusterNode, describeNodes } from './cluster/nodes.ts'
import { type StartOptions, type StopOptions, startNodes, stopNodes } from './cluster/power.ts'
import { type ReadyOptions, waitUntilReady } from './cluster/ready.ts'
import { type Context, kindCommand, type OperationOptions, providerCommand } from './context.ts'
import { KindError } from './error.ts'
import { type LoadedImage, type LoadOptions, loadArchive, loadImages } from './images/load.ts'
import { listNodeImages } from './images/node-images.ts'
import type { NodeImage } from './images/plan.ts'
import { type ObtainOptions, obtainKind } from './program/obtain.ts'
import { versionIn } from './program/version.ts'
import { assertProvider, detectProvider, environmentFor, type Provider } from './provider.ts'

/** How kind is found, and with what it works. */
export interface OpenOptions extends ObtainOptions {
  /** The path of a kind program; looked for, and brought, by default. */
  readonly program?: string
  /** The one that kind would take by default. */
  readonly provider?: Provider
}

/**
 * Finds kind, or brings it, and the provider of containers.
 *
 * @throws KindError `ENOKIND` or `ENOPROVIDER` where one is missing.
 */
export async function openKind(options: OpenOptions = {}): Promise<Kind> {
  const { environment = process.env, signal } = options
  const provider = options.provider
    ? assertProvider(options.provider)
    : await detectProvider(environment, signal)
  const program = options.program ?? (await obtainKind(options))
  return new Kind(program, provider, environment)
}

/** kind with one provider. Holds nothing open; clusters live on without it. */
export class Kind {
  /** The path of the kind program. */
  readonly program: string
  readonly provider: Provider
  readonly #context: Context

  /** See {@link openKind}. */
  constructor(program: string, provider: Provider, environment: NodeJS.ProcessEnv = process.env) {
    this.program = program
    this.provider = provider
    this.#context = { program, provider, environment: environmentFor(provider, environment) }
  }

  /** Of kind, such as `0.32.0`. */
  async version({ signal }: OperationOptions = {}): Promise<string> {
    const printed = await kindCommand(this.#context, 'ask for the version', ['version'], { signal })
    const version = versionIn(printed)
    if (version) return version
    throw new KindError('EOUTPUT', `kind version printed ${JSON.stringify(printed.slice(0, 200))}`)
  }

  /** Makes a cluster, or nothing: see {@link CreateOptions}. */
  async createCluster(options: CreateOptions = {}): Promise<CreatedCluster> {
    return await createCluster(this.#context, options)
  }

  /** @returns whether there was such a cluster. */
  async deleteCluster(name: string, options: DeleteOptions = {}): Promise<boolean> {
    return await deleteCluster(this.#context, name, options)
  }

  /** The names of all clusters, whether they run or not. */
  async clusters(options: OperationOptions = {}): Promise<string[]> {
    return await listClusters(this.#context, options)
  }

  /** Whether anything of such a cluster is there, running or not. */
  async clusterExists(name: string, options: OperationOptions = {}): Promise<boolean> {
    return (await listNodeNames(this.#context, name, options)).length > 0
  }

  /** Waits until every node is Ready to Kubernetes. */
  async waitUntilReady(cluster: string, options: ReadyOptions = {}): Promise<void> {
    await waitUntilReady(this.#context, cluster, options)
  }

  /** The containers of a cluster, by name; among them the load balancer, where there is one. */
  async nodes(cluster: string, options: OperationOptions = {}): Promise<ClusterNode[]> {
    return await describeNodes(this.#context, cluster, options)
  }

  /** Stops the containers of a cluster; what is in it stays. */
  async stopNodes(cluster: string, options: StopOptions = {}): Promise<void> {
    await stopNodes(this.#context, cluster, options)
  }

  /** Starts the containers of a cluster that were stopped, and waits until containers can be run in each. */
  async startNodes(cluster: string, options: StartOptions = {}): Promise<void> {
    await startNodes(this.#context, cluster, options)
  }

  /**
   * Runs a command in a node.
   *
   * @returns what it printed to standard output.
   */
  async runInNode(
    node: string,
    argv: readonly [string, ...string[]],
    { signal, input }: OperationOptions & { readonly input?: string } = {},
  ): Promise<string> {
    const words = ['exec', ...(input === undefined ? [] : ['--interactive']), node, ...argv]
    const options = { ...(input === undefined ? {} : { input }), signal }
    return await providerCommand(this.#context, `run ${argv[0]} in ${node}`, words, options)
  }

  /** A cluster administrator's credentials, as YAML. */
  async kubeconfig(cluster: string, options: KubeconfigOptions = {}): Promise<string> {
    return await readKubeconfig(this.#context, cluster, options)
  }

  /** Adds a cluster administrator's credentials to a file. */
  async exportKubeconfig(cluster: string, options: ExportKubeconfigOptions = {}): Promise<void> {
    await exportKubeconfig(this.#context, cluster, options)
  }

  /** Brings images of this machine's daemon to nodes; only what they lack, by digest. */
  async loadImages(
    cluster: string,
    images: readonly string[],
    options: LoadOptions = {},
  ): Promise<LoadedImage[]> {
    return await loadImages(this.#context, cluster, images, options)
  }

  /** Brings the images of an archive to nodes; only to those that lack one, by digest. */
  async loadArchive(cluster: string, archive: string, options: LoadOptions = {}): Promise<LoadedImage[]> {
    return await loadArchive(this.#context, cluster, archive, options)
  }

  /** The images that a node has. */
  async nodeImages(node: string, options: OperationOptions = {}): Promise<NodeImage[]> {
    return await listNodeImages(this.#context, node, options)
  }

  /**
   * Collects the logs of a cluster in a directory.
   *
   * @returns its absolute path.
   */
  async exportLogs(cluster: string, directory: string, options: OperationOptions = {}): Promise<string> {
    return await exportLogs(this.#context, cluster, directory, options)
  }
}
