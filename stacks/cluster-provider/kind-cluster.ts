import { isDeepStrictEqual } from 'node:util'
import { type ClusterConfig, type Kind, KindError, type Progress, validateConfig } from '@wireproof/kind-js'
import { isKnown, type Mistake, type ResourceKind, type Watching } from './resource-kind.ts'

export interface KindClusterInputs {
  readonly name: string
  readonly config: ClusterConfig
  /** Left out: the one that this machine has or can have. */
  readonly nodeImage?: string
}

export interface KindClusterState extends KindClusterInputs {
  /** Differs for every cluster that was ever made under this name. */
  readonly incarnation: string
  /** A cluster administrator's credentials, as YAML. */
  readonly kubeconfig: string
  readonly nodes: readonly { readonly name: string; readonly role: string; readonly address: string }[]
  /** The device between the nodes, which none of them owns; known where Docker runs on this machine. */
  readonly bridge?: string
}

/** As much of this machine as a cluster of kind needs. */
export interface KindMachine {
  kind(signal?: AbortSignal): Promise<Kind>
  /** The image of nodes that this machine has or can have; undefined for the one that kind takes by itself. */
  nodeImage(watching: Watching): Promise<string | undefined>
  /** The device that Docker has for the network of kind's clusters. */
  bridge(kind: Kind): Promise<string | undefined>
  /** Runs something with a file for credentials that is gone afterwards: the user's own stays as it is. */
  withKubeconfig<Result>(use: (file: string) => Promise<Result>): Promise<Result>
}

/** A cluster of kind. Whatever is different is another cluster: kind changes none. */
export function kindCluster(machine: KindMachine): ResourceKind<KindClusterInputs, KindClusterState> {
  return {
    secrets: ['kubeconfig'],

    mistakes({ name, config }) {
      if (!isKnown(name) || !isKnown(config)) return []
      return validateConfig({ ...config, name }).map(
        ({ path, message }): Mistake => ({ property: `config ${path}`, reason: message }),
      )
    },

    diff(state, inputs) {
      const changed = (['name', 'config', 'nodeImage'] as const).filter(
        (property) => !isDeepStrictEqual(state[property], inputs[property]),
      )
      return { changed, replaces: changed }
    },

    async create(inputs, watching) {
      const { signal, report } = watching
      const kind = await machine.kind(signal)
      const image = inputs.nodeImage ?? (await machine.nodeImage(watching))
      const { name, config } = inputs
      const onProgress = (progress: Progress) => tell(progress, report)
      await machine.withKubeconfig((kubeconfig) =>
        kind.createCluster({ name, config, kubeconfig, signal, onProgress, ...(image && { image }) }),
      )
      try {
        return { id: name, state: await observe(machine, kind, inputs) }
      } catch (error) {
        // What Pulumi does not hear of, it does not remove.
        await machine.withKubeconfig((kubeconfig) => kind.deleteCluster(name, { kubeconfig }))
        throw error
      }
    },

    async read(state) {
      const kind = await machine.kind()
      // One that somebody else made under this name since is not this one.
      if ((await incarnationOf(kind, state.name)) !== state.incarnation) return undefined
      const stopped = (await kind.nodes(state.name)).filter((node) => node.state !== 'running')
      if (stopped.length === 0) return await observe(machine, kind, state)
      const names = stopped.map((node) => node.name).join(' ')
      throw new KindError('ENOTREADY', `nodes of the cluster ${state.name} do not run: ${names}`, {
        remedy: `Start them (${kind.provider} start ${names}), or destroy the stack.`,
      })
    },

    async delete({ name, incarnation }, { warn, signal }) {
      const kind = await machine.kind(signal)
      const there = await incarnationOf(kind, name)
      if (there === undefined) return
      if (there !== incarnation) return warn(`the cluster ${name} that is there is another one, and stays`)
      await machine.withKubeconfig((kubeconfig) => kind.deleteCluster(name, { kubeconfig }))
    },
  }
}

async function observe(
  machine: KindMachine,
  kind: Kind,
  { name, config, nodeImage }: KindClusterInputs,
): Promise<KindClusterState> {
  const [nodes, kubeconfig, bridge] = await Promise.all([
    kind.nodes(name),
    kind.kubeconfig(name),
    machine.bridge(kind),
  ])
  return {
    name,
    config,
    ...(nodeImage !== undefined && { nodeImage }),
    incarnation: incarnationIn(nodes),
    kubeconfig,
    nodes: nodes.map((node) => ({ name: node.name, role: node.role, address: node.addresses[0] ?? '' })),
    ...(bridge !== undefined && { bridge }),
  }
}

/** Undefined where there is no cluster of this name. */
async function incarnationOf(kind: Kind, name: string): Promise<string | undefined> {
  return (await kind.clusterExists(name)) ? incarnationIn(await kind.nodes(name)) : undefined
}

function incarnationIn(nodes: Awaited<ReturnType<Kind['nodes']>>): string {
  return nodes.find(({ role }) => role === 'control-plane')?.id.slice(0, 12) ?? ''
}

function tell(progress: Progress, report: (line: string) => void): void {
  if (progress.type === 'step-started') report(progress.title)
  if (progress.type === 'cleaning-up') report(`removing what there is of the cluster ${progress.cluster}`)
}
