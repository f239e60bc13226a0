import { randomInt } from 'node:crypto'
import type { ClusterPod, ClusterView } from '../cluster/state.ts'
import { type Kind, kindOf } from '../plan/identity.ts'
import { compile, indexPeers, type PeerIndex, type PolicySet } from './compile.ts'
import { KindCount } from './kind-count.ts'
import { type PolicyMaps, PolicyTable } from './table.ts'
import { idlePolicies, type PolicyWorld } from './world.ts'

type Cluster = Pick<ClusterView, 'pods' | 'namespaces' | 'policies'>

/**
 * Keeps the policies of this node's pods in force. Compiles again only when something changes that a policy can tell:
 * a pod like others that comes or goes is of no consequence.
 */
export class PolicyEnforcement {
  readonly #table: PolicyTable
  /** The pod behind each guarded device. */
  readonly #devices = new Map<number, string>()
  readonly #pods = new Map<string, ClusterPod>()
  readonly #kinds = new KindCount()
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
   * @param changed names of pods that came, went or changed; all are looked at, when absent.
   */
  update(cluster: Cluster, changed?: Iterable<string>): void {
    const kindsChanged = this.#learnPods(cluster.pods, changed)
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
  #learnPods(pods: Cluster['pods'], changed: Iterable<string> | undefined): boolean {
    let kindsChanged = false
    const learn = (name: string) => {
      const pod = pods.get(name)
      const before = this.#pods.get(name)
      if (before === pod) return
      if (pod) this.#pods.set(name, pod)
      else this.#pods.delete(name)
      // One that changes without becoming of another kind leaves its kind alone.
      if (pod && this.#kinds.add(kindOf(pod))) kindsChanged = true
      if (before && this.#kinds.remove(kindOf(before))) kindsChanged = true
    }
    for (const name of changed ?? pods.keys()) learn(name)
    if (!changed) for (const name of this.#pods.keys()) learn(name)
    return kindsChanged
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
