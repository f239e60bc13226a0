import { randomInt } from 'node:crypto'
import { PodTable } from '../cluster/pod-table.ts'
import type { ClusterPod, ClusterView } from '../cluster/state.ts'
import { type Kind, kindOf } from '../plan/identity.ts'
import { compile, indexPeers, type PeerIndex, type PolicySet } from './compile.ts'
import { KindCount } from './kind-count.ts'
import { type PolicyMaps, PolicyTable } from './table.ts'
import { idlePolicies, type PolicyWorld } from './world.ts'

type Cluster = Pick<ClusterView, 'pods' | 'namespaces' | 'policies'>

export interface PodChange {
  readonly before: ClusterPod | undefined
  readonly after: ClusterPod | undefined
}

/**
 * Keeps the policies of this node's pods in force. Compiles again only when something changes that a policy can tell:
 * a pod like others that comes or goes is of no consequence.
 */
export class PolicyEnforcement {
  readonly #table: PolicyTable
  /** The pod behind each guarded device. */
  readonly #devices = new Map<number, string>()
  #pods: Cluster['pods'] = new Map()
  #kinds = new KindCount()
  #world: Omit<PolicyWorld, 'kinds'> = { namespaces: new Map(), policies: [] }
  #peerIndex: PeerIndex = () => []
  #compiled = new Map<string, PolicySet>()
  #idle: readonly string[] | undefined

  constructor(maps: PolicyMaps) {
    this.#table = new PolicyTable(maps, randomInt(2 ** 31))
  }

  /** The name of a rule that an event of the datapath carries. */
  ruleName(rule: number): string | undefined {
    return this.#table.ruleName(rule)
  }

  /**
   * To be called before the datapath learns of new pods: whoever may talk to them then knows already.
   *
   * @param changed pods that came, went or changed since; all are counted anew, when absent.
   */
  update(cluster: Cluster, changed?: Iterable<PodChange>): void {
    this.#pods = cluster.pods
    const kindsChanged = changed ? this.#learn(changed) : this.#learnAll()
    const policies = [...cluster.policies].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, each]) => each)
    const known = this.#world
    if (
      kindsChanged ||
      !sameItems(known.policies, policies) ||
      !sameEntries(known.namespaces, cluster.namespaces)
    ) {
      // A copy: the store changes its own.
      this.#world = { namespaces: new Map(cluster.namespaces), policies }
      this.#peerIndex = indexPeers({ kinds: this.#kinds, namespaces: this.#world.namespaces })
      this.#compiled.clear()
      this.#idle = undefined
    }
    this.#enforce()
  }

  /** Policies that select no pod of the cluster, a sentence each. */
  idle(): readonly string[] {
    this.#idle ??= idlePolicies({ ...this.#world, kinds: this.#kinds }).map(
      ({ namespace, name }) =>
        `policy ${namespace}/${name} selects no pod, and changes nothing until it does`,
    )
    return this.#idle
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
  #learn(changed: Iterable<PodChange>): boolean {
    let kindsChanged = false
    for (const { before, after } of changed) {
      // One that changes without becoming of another kind leaves its kind alone.
      if (after && this.#kinds.add(kindOf(after))) kindsChanged = true
      if (before && this.#kinds.remove(kindOf(before))) kindsChanged = true
    }
    return kindsChanged
  }

  #learnAll(): boolean {
    const before = this.#kinds
    this.#kinds = new KindCount()
    if (this.#pods instanceof PodTable)
      for (const [kind, count] of this.#pods.kinds()) this.#kinds.add(kind, count)
    else for (const pod of this.#pods.values()) this.#kinds.add(kindOf(pod))
    return !this.#kinds.hasSameKinds(before)
  }

  /** A device whose pod the cluster does not know has no policies, and the datapath lets nothing pass there. */
  #enforce(): void {
    const sets = new Map<string, PolicySet>()
    const placements = [...this.#devices].flatMap(([device, pod]) => {
      const known = this.#pods.get(pod)
      if (!known) return []
      const kind = kindOf(known)
      sets.set(kind.text, this.#policySet(kind))
      return [{ device, kind: kind.text }]
    })
    this.#table.update(sets, placements, (identity) => !this.#kinds.hasIdentity(identity))
  }

  #policySet(kind: Kind): PolicySet {
    const known = this.#compiled.get(kind.text)
    if (known) return known
    const set = compile(kind, { ...this.#world, kinds: this.#kinds }, this.#peerIndex)
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
