import type { LabNode, LabPod } from '../lab.ts'
import type { ClusterClient } from './cluster-client.ts'
import { type NodeContainer, podNamespaces } from './node-container.ts'
import { labNode, labPod } from './objects.ts'

/** Where a cluster's parts are found. */
export interface ClusterParts {
  readonly client: ClusterClient
  /** Of the nodes, as they are now. */
  readonly containers: () => Promise<readonly NodeContainer[]>
  /** Of the pods. */
  readonly namespace: string
}

/** A cluster as a lab sees it. */
export interface Present {
  readonly nodes: readonly LabNode[]
  readonly containers: ReadonlyMap<string, NodeContainer>
  readonly pods: readonly LabPod[]
  /** Paths of their network namespaces, by name. */
  readonly podNamespaces: ReadonlyMap<string, string>
}

export async function look({ client, containers, namespace }: ClusterParts): Promise<Present> {
  const [nodes, pods, running] = await Promise.all([client.nodes(), client.pods(namespace), containers()])
  const byName = new Map(running.map((container) => [container.name, container]))
  const labPods = pods.flatMap((pod) => labPod(pod) ?? [])
  const byAddress = new Map(running.flatMap((container) => [...podNamespaces(container)]))
  const found = labPods.flatMap(({ name, addresses }) => {
    const path = byAddress.get(addresses[0] ?? '')
    return path === undefined ? [] : [[name, path] as const]
  })
  return {
    nodes: nodes.flatMap((node, at) =>
      byName.has(node.metadata?.name ?? '') ? [labNode(node, at + 1)] : [],
    ),
    containers: byName,
    pods: labPods,
    podNamespaces: new Map(found),
  }
}
