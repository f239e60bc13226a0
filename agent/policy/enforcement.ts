import { randomInt } from 'node:crypto'
import type { ClusterPod, ClusterState } from '../cluster/state.ts'
import { compile, indexPeers, type PeerIndex, type PolicySet } from './compile.ts'
import { type PolicyMaps, PolicyTable } from './table.ts'
import { type Kind, kindOf, type PolicyWorld } from './world.ts'

type Cluster = Pick<ClusterState, 'pods' | 'namespaces' | 'policies'>

/**
 * Keeps the policies of this node's pods in force. Compiles again only when something changes that a policy can tell:
 * a pod like others that comes or goes is of no consequence.
 */
export class PolicyEnforcement {
  readonly #table: PolicyTable
  /** The pod behind each guarded device. */
  readonly #devices = new Map<number, string>()
  readonly #kindOfPod = new WeakMap<ClusterPod, Kind>()
  #told: readonly ClusterPod[] = []
  #pods = new Map<string, Kind>()
  #kinds = new Map<string, Kind>()
  #identities = new Set<number>()
  #world: Omit<PolicyWorld, 'kinds'> = { namespaces: new Map(), policies: [] }
  #peerIndex: PeerIndex = () => []
  #compiled = new Map<string, PolicySet>()

  constructor(maps: PolicyMaps) {
    this.#table = new PolicyTable(maps, randomInt(2 ** 31))
  }

  /** The name of a rule that an event of the datapath carries. */
  ruleName(rule: number): string | undefined {
    return this.#table.ruleName(rule)
  }

  /** To be called before the datapath learns of new pods: whoever may talk to them then knows already. */
  update(cluster: Cluster): void {
    const kindsChanged = this.#learnPods(cluster.pods)
    const { namespaces, policies } = this.#world
    if (
      kindsChanged ||
      !sameItems(policies, cluster.policies) ||
      !sameEntries(namespaces, cluster.namespaces)
    ) {
      this.#world = { namespaces: cluster.namespaces, policies: cluster.policies }
      this.#peerIndex = indexPeers({ kinds: this.#kinds.values(), namespaces: cluster.namespaces })
      this.#compiled.clear()
    }
    this.#enforce()
  }

  /** Puts the pod's policies in force at its device; to be called before anything can pass there. */
  guard(device: number, pod: string): void {
    this.#devices.set(device, pod)
    this.#enforce()
  }

  release(device: number): void {
    this.#devices.delete(device)
    this.#table.displace(device)
  }

  /** @returns whether there are other kinds of pods than before. */
  #learnPods(pods: readonly ClusterPod[]): boolean {
    if (sameItems(this.#told, pods)) return false
    this.#told = pods
    const before = this.#kinds
    this.#pods = new Map(pods.map((pod) => [pod.name, this.#kind(pod)]))
    const kinds = new Map([...this.#pods.values()].map((kind) => [kind.text, kind]))
    if (kinds.size === before.size && [...kinds.keys()].every((text) => before.has(text))) return false
    this.#kinds = kinds
    this.#identities = new Set([...kinds.values()].map(({ identity }) => identity))
    return true
  }

  #kind(pod: ClusterPod): Kind {
    const known = this.#kindOfPod.get(pod)
    if (known) return known
    const kind = kindOf(pod)
    this.#kindOfPod.set(pod, kind)
    return kind
  }

  /** A device whose pod the cluster does not know has no policies, and the datapath lets nothing pass there. */
  #enforce(): void {
    const sets = new Map<string, PolicySet>()
    const placements = [...this.#devices].flatMap(([device, pod]) => {
      const kind = this.#pods.get(pod)
      if (!kind) return []
      sets.set(kind.text, this.#policySet(kind))
      return [{ device, kind: kind.text }]
    })
    this.#table.update(sets, placements, (identity) => !this.#identities.has(identity))
  }

  #policySet(kind: Kind): PolicySet {
    const known = this.#compiled.get(kind.text)
    if (known) return known
    const set = compile(kind, { ...this.#world, kinds: this.#kinds.values() }, this.#peerIndex)
    this.#compiled.set(kind.text, set)
    return set
  }
}

function sameItems<Item>(a: readonly Item[], b: readonly Item[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function sameEntries<Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
