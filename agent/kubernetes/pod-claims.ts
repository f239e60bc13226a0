import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import { hostPrefix } from '../plan/prefix.ts'

/**
 * Which addresses are whose where nodes have no ranges for their pods, as on EKS: of every node those that its pods have, each for
 * itself. What is asked with a node or a pod answers which nodes have become others by it. Nothing is answered before all pods
 * have been listed: a node would seem to have lost what it has.
 */
export class PodClaims {
  readonly #nodes = new Map<string, ClusterNode>()
  readonly #pods = new Map<string, ClusterPod>()
  readonly #podsOf = new Map<string, Set<string>>()
  #isWhole = false

  putNode(node: ClusterNode): ClusterNode[] {
    this.#nodes.set(node.name, node)
    return this.#known([node.name])
  }

  /** Names of all that are known. */
  nodes(): string[] {
    return [...this.#nodes.keys()]
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
  }

  /** From now on there are these pods and no others. */
  setPods(pods: readonly ClusterPod[]): ClusterNode[] {
    this.#pods.clear()
    this.#podsOf.clear()
    for (const pod of pods) this.#add(pod)
    this.#isWhole = true
    return this.#known(this.nodes())
  }

  putPod(pod: ClusterPod): ClusterNode[] {
    const before = this.#pods.get(pod.name)
    if (before && before.node === pod.node && before.addresses.join() === pod.addresses.join()) return []
    if (before) this.#take(before)
    this.#add(pod)
    return this.#known([...new Set([before?.node ?? pod.node, pod.node])])
  }

  removePod(name: string): ClusterNode[] {
    const pod = this.#pods.get(name)
    if (!pod) return []
    this.#take(pod)
    return this.#known([pod.node])
  }

  #add(pod: ClusterPod): void {
    this.#pods.set(pod.name, pod)
    const pods = this.#podsOf.get(pod.node)
    if (pods) pods.add(pod.name)
    else this.#podsOf.set(pod.node, new Set([pod.name]))
  }

  #take({ name, node }: ClusterPod): void {
    this.#pods.delete(name)
    this.#podsOf.get(node)?.delete(name)
  }

  #known(names: readonly string[]): ClusterNode[] {
    if (!this.#isWhole) return []
    return names.flatMap((name) => {
      const node = this.#nodes.get(name)
      return node ? [this.#claiming(node)] : []
    })
  }

  #claiming(node: ClusterNode): ClusterNode {
    const pods = [...(this.#podsOf.get(node.name) ?? [])].map((name) => this.#pods.get(name)!)
    const addresses = new Set(pods.flatMap((pod) => pod.addresses.map(hostPrefix)))
    return { ...node, podCidrs: [...addresses].sort() }
  }
}
