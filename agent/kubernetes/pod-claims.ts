import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import { hostPrefix } from '../plan/prefix.ts'

/**
 * Which addresses are whose where nodes have no ranges for their pods, as on EKS: of every node those that its pods have, each for
 * itself. What is asked with a pod answers which nodes have become others by it.
 */
export class PodClaims {
  readonly #nodes = new Map<string, ClusterNode>()
  readonly #pods = new Map<string, ClusterPod>()
  readonly #podsOf = new Map<string, Set<string>>()

  /** @returns the node as it is to be known. */
  putNode(node: ClusterNode): ClusterNode {
    this.#nodes.set(node.name, node)
    return this.#claiming(node)
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
  }

  putPod(pod: ClusterPod): ClusterNode[] {
    const before = this.#pods.get(pod.name)
    if (before && before.node === pod.node && before.addresses.join() === pod.addresses.join()) return []
    if (before) this.#take(before)
    this.#pods.set(pod.name, pod)
    const pods = this.#podsOf.get(pod.node)
    if (pods) pods.add(pod.name)
    else this.#podsOf.set(pod.node, new Set([pod.name]))
    return this.#known([before?.node, pod.node])
  }

  removePod(name: string): ClusterNode[] {
    const pod = this.#pods.get(name)
    if (!pod) return []
    this.#take(pod)
    return this.#known([pod.node])
  }

  /** Removes all pods that are not named. */
  keepOnly(names: ReadonlySet<string>): ClusterNode[] {
    const gone = [...this.#pods.values()].filter(({ name }) => !names.has(name))
    for (const pod of gone) this.#take(pod)
    return this.#known(gone.map(({ node }) => node))
  }

  #take({ name, node }: ClusterPod): void {
    this.#pods.delete(name)
    this.#podsOf.get(node)?.delete(name)
  }

  #known(names: readonly (string | undefined)[]): ClusterNode[] {
    return [...new Set(names)].flatMap((name) => {
      const node = name === undefined ? undefined : this.#nodes.get(name)
      return node ? [this.#claiming(node)] : []
    })
  }

  #claiming(node: ClusterNode): ClusterNode {
    const pods = [...(this.#podsOf.get(node.name) ?? [])].map((name) => this.#pods.get(name)!)
    const addresses = new Set(pods.flatMap((pod) => pod.addresses.map(hostPrefix)))
    return { ...node, podCidrs: [...addresses].sort() }
  }
}
