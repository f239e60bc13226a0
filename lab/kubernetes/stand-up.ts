import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { type Kind, KindError } from '@wireproof/kind-js'
import { namespaceManifest } from '../../deploy/kubernetes/demo-namespace.ts'
import { agentManifests, keyManifest } from '../../deploy/kubernetes/manifests.ts'
import { type AgentSettings, defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { Problem } from '../problem.ts'
import { newClusterKey, type SuiteName, suiteNames } from '../suites.ts'
import type { PodSpec } from '../topology.ts'
import { ClusterClient } from './cluster-client.ts'
import { KindLab } from './kind-lab.ts'

/** What a cluster is from the beginning. */
export interface ClusterShape {
  readonly name: string
  /** Of kind's nodes, in the provider's daemon or where it finds it. */
  readonly nodeImage: string
  readonly workers: number
  /** How long the control plane may take to come up, in seconds: an emulated processor takes minutes. */
  readonly patience: number
}

/** What is put into it. */
export interface Furnishing {
  /** Archives of the images that pods run. */
  readonly archives: readonly string[]
  readonly podsPerNode: number
  readonly suite?: SuiteName | undefined
  /** Given the agents before they start. */
  readonly settings?: Partial<AgentSettings>
}

/** Of the pods that demos send from and to. */
export const demoNamespace = namespaceManifest.metadata.name

type Report = (line: string) => void

/** Makes a cluster of kind without a network. @throws KindError; what is half-made is removed. */
export async function createCluster(
  kind: Kind,
  { name, nodeImage: image, workers, patience }: ClusterShape,
  report: Report,
  signal?: AbortSignal,
): Promise<void> {
  await kind.createCluster({
    name,
    image,
    config: {
      networking: { disableDefaultCNI: true },
      nodes: [
        { role: 'control-plane' },
        ...Array.from({ length: workers }, () => ({ role: 'worker' as const })),
      ],
      kubeadmConfigPatches: [
        `kind: ClusterConfiguration\napiServer:\n  timeoutForControlPlane: ${patience}s\n`,
      ],
    },
    onProgress: (progress) => {
      if (progress.type === 'step-started') report(`kind: ${progress.title}`)
    },
    ...(signal && { signal }),
  })
}

/**
 * Makes our agents the network of a cluster that has none, and puts pods for demos into it.
 *
 * @throws KindError, Problem
 */
export async function furnishCluster(
  kind: Kind,
  { name, patience }: Pick<ClusterShape, 'name' | 'patience'>,
  { archives, podsPerNode, suite, settings = {} }: Furnishing,
  report: Report,
  signal?: AbortSignal,
): Promise<KindLab> {
  for (const archive of archives) await kind.loadArchive(name, archive, { ...(signal && { signal }) })
  report('images: the agent’s and the workload’s are on every node')
  const client = await clientOf(kind, name)
  const key = newClusterKey(3, suite ?? suiteNames[0])
  const deadline = performance.now() + patience * 1000
  const agent = agentManifests({ ...defaultSettings, ...settings })
  for (const object of [...agent, keyManifest(key), namespaceManifest])
    await applyBefore(deadline, client, object, signal)
  report('agents: asked for on every node')
  await kind.waitUntilReady(name, { timeout: patience * 1000, ...(signal && { signal }) })
  const lab = await openKindLab(kind, name)
  for (const node of await lab.nodes()) {
    await lab.startAgent(node.name)
    report(`node ${node.name}: ${node.underlay}, pods in ${node.podCidrs.join(' and ')}, agent running`)
  }
  await addDemoPods(lab, podsPerNode, report)
  return lab
}

/**
 * Gives a cluster that somebody has made, with our agents in it, pods for a demo while that is played. Where pods of our
 * namespace are on several nodes already, they do.
 */
export async function withDemoPods<Result>(
  kind: Kind,
  cluster: string,
  lab: KindLab,
  { archives, podsPerNode }: Furnishing,
  report: Report,
  play: () => Promise<Result>,
): Promise<Result> {
  if (new Set((await lab.pods()).map(({ node }) => node)).size > 1) return play()
  for (const archive of archives) await kind.loadArchive(cluster, archive)
  await (await clientOf(kind, cluster)).apply(namespaceManifest)
  try {
    await addDemoPods(lab, podsPerNode, report)
    return await play()
  } finally {
    for (const { name } of podsOn(await lab.nodes(), podsPerNode)) await lab.removePod(name)
  }
}

async function addDemoPods(lab: KindLab, perNode: number, report: Report): Promise<void> {
  for (const pod of podsOn(await lab.nodes(), perNode)) {
    const { addresses, node } = await lab.addPod(pod)
    report(`pod ${pod.name}: ${addresses.join(' and ')} on ${node}`)
  }
}

/** @throws Problem where there is no such cluster, or it does not answer. */
export async function openKindLab(kind: Kind, name: string): Promise<KindLab> {
  const containers = async () =>
    (await kind.nodes(name)).filter(({ role }) => role !== 'external-load-balancer')
  const client = await clientOf(kind, name)
  return await KindLab.open(`kind:${name}`, { client, containers, namespace: demoNamespace })
}

async function clientOf(kind: Kind, name: string): Promise<ClusterClient> {
  return new ClusterClient(await kubeconfigOfCluster(kind, name))
}

/** @throws Problem where there is no such cluster. */
export async function kubeconfigOfCluster(kind: Kind, name: string): Promise<KubeConfig> {
  const config = new KubeConfig()
  try {
    config.loadFromString(await kind.kubeconfig(name))
    return config
  } catch (error) {
    if (!(error instanceof KindError) || error.code !== 'ENOCLUSTER') throw error
    const there = await kind.clusters()
    const known = there.length > 0 ? `There are: ${there.join(', ')}.` : 'There is none.'
    throw new Problem('ENOLAB', 2, `kind has no cluster called ${name}`, known)
  }
}

/** The API server may not be up yet, and a kind of object that has just been defined is not known at once. */
async function applyBefore(
  deadline: number,
  client: ClusterClient,
  object: Parameters<ClusterClient['apply']>[0],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;)
    try {
      await client.apply(object)
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (performance.now() > deadline) throw error
      await sleep(1000, undefined, signal ? { signal } : {})
    }
}

/** `a1` and `a2` on the first node, and so on. */
function podsOn(nodes: readonly { readonly name: string }[], count: number): PodSpec[] {
  return nodes.flatMap(({ name: node }, at) =>
    Array.from({ length: count }, (_, number) => ({
      name: `${String.fromCharCode('a'.charCodeAt(0) + at)}${number + 1}`,
      node,
    })),
  )
}
