import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import { nobody } from '../kernel/datapath-layout.ts'
import { identityOf } from './identity.ts'
import { hostPrefix } from './prefix.ts'

/** What becomes of a node's own traffic. */
export interface NodeStanding {
  /** Its own traffic is encrypted, with other such nodes and with pods. */
  readonly isNodeInScope?: boolean
  /** Of another such node: there is nothing yet to encrypt with what is sent to it. */
  readonly isKeyless?: boolean
  /** Of another such node: under which it is sent to. */
  readonly spi?: number
}

/** What the datapath knows about a prefix of addresses. */
export interface IpcacheEntry extends NodeStanding {
  /** 0: no pod is known at this address. */
  readonly identity: number
  readonly node: number
  /** Pods are: they are encrypted between nodes. Nodes' own addresses are known, but not protected. */
  readonly isProtected: boolean
  /** Of a pod: not encrypted with another pod that is out of scope as well. What is unknown is in scope. */
  readonly isOutOfScope?: boolean
}

/** Whose traffic is to be encrypted. */
export interface PodScope {
  hasPod(pod: ClusterPod): boolean
}

const everyPod: PodScope = { hasPod: () => true }

export interface IpcacheChanges {
  readonly set: ReadonlyMap<string, IpcacheEntry>
  readonly remove: readonly string[]
}

/**
 * What the datapath should know about addresses, and which of it has changed. Of a pod nothing is kept but who has which
 * address, since there are so many of them: what is known there follows from the pod and from its node's number.
 */
export class Ipcache {
  readonly #pods = new Map<string, ClusterPod>()
  readonly #podsOf = new Map<string, ClusterPod[]>()
  /** By address, which is one pod's only, of those whose node is known. */
  readonly #owners = new Map<string, ClusterPod>()
  readonly #conflicts = new Map<string, string>()
  readonly #numbers = new Map<string, number>()
  /** What is nodes' own: their pods' prefixes, and their addresses. */
  readonly #nodes = new Map<Place, IpcacheEntry>()
  #ranges: ReadonlySet<Place> = new Set()
  #scope: PodScope = everyPod
  readonly #dirty = new Set<Place>()

  /** Pods that cannot have the address they claim, one sentence each. */
  problems(): string[] {
    return [...this.#conflicts.values()]
  }

  /** As it is known here. */
  pod(name: string): ClusterPod | undefined {
    return this.#pods.get(name)
  }

  podNames(): Iterable<string> {
    return this.#pods.keys()
  }

  /** The name of the pod that has the address. */
  podAt(address: string): string | undefined {
    return this.#owners.get(address)?.name
  }

  get(prefix: string): IpcacheEntry | undefined {
    return this.#at(placeOf(prefix))
  }

  /** From now on these pods are in scope. */
  setScope(scope: PodScope): void {
    const before = this.#scope
    this.#scope = scope
    for (const [address, pod] of this.#owners)
      if (before.hasPod(pod) !== scope.hasPod(pod)) this.#dirty.add(address)
  }

  /** The ranges that pods come from. Of a prefix that is a node's as well, the node's entry counts. */
  setRanges(ranges: readonly string[]): void {
    const before = this.#ranges
    this.#ranges = new Set(ranges.map(placeOf))
    for (const place of [...before, ...this.#ranges])
      if (before.has(place) !== this.#ranges.has(place)) this.#dirty.add(place)
  }

  setNode({ name, podCidrs, underlay }: ClusterNode, number: number, own: NodeStanding = {}): void {
    for (const prefix of podCidrs) this.#putNode(prefix, { identity: 0, node: number, isProtected: true })
    this.#putNode(underlay, { identity: 0, node: number, isProtected: false, ...own })
    if (this.#numbers.get(name) === number) return
    this.#numbers.set(name, number)
    for (const pod of this.#podsOf.get(name) ?? []) this.#place(pod)
  }

  removeNode({ name, podCidrs, underlay }: ClusterNode): void {
    this.#numbers.delete(name)
    // Its node's prefix, or the range of all, protects a pod whose node has gone before it, or has not come yet.
    for (const pod of this.#podsOf.get(name) ?? []) this.#displace(pod)
    for (const place of [...podCidrs, underlay].map(placeOf))
      if (this.#nodes.delete(place)) this.#dirty.add(place)
  }

  setPod(pod: ClusterPod): void {
    if (this.#pods.get(pod.name) === pod) return
    this.removePod(pod.name)
    this.#pods.set(pod.name, pod)
    const beside = this.#podsOf.get(pod.node)
    if (beside) beside.push(pod)
    else this.#podsOf.set(pod.node, [pod])
    this.#place(pod)
  }

  removePod(name: string): void {
    const pod = this.#pods.get(name)
    if (!pod) return
    this.#displace(pod)
    this.#pods.delete(name)
    const beside = this.#podsOf.get(pod.node)!
    beside.splice(beside.indexOf(pod), 1)
    if (beside.length === 0) this.#podsOf.delete(pod.node)
  }

  /** Places again the pods whose addresses were others' before. */
  settleConflicts(): void {
    for (const name of [...this.#conflicts.keys()]) this.#place(this.#pods.get(name)!)
  }

  /** What has changed since the last `settle()`. */
  changes(): IpcacheChanges {
    const set = new Map<string, IpcacheEntry>()
    const remove: string[] = []
    for (const place of this.#dirty) {
      const entry = this.#at(place)
      if (entry) set.set(hostPrefix(place), entry)
      else remove.push(hostPrefix(place))
    }
    return { set, remove }
  }

  /** The datapath knows all of it now. */
  settle(): void {
    this.#dirty.clear()
  }

  /** Whoever claims a node's own address, it stays the node's: what nodes send each other must arrive. */
  #at(place: Place): IpcacheEntry | undefined {
    const node = this.#nodes.get(place)
    if (node && !node.isProtected) return node
    const pod = this.#owners.get(place)
    if (pod) return this.#entryOf(pod)
    return node ?? (this.#ranges.has(place) ? anyone : undefined)
  }

  #entryOf(pod: ClusterPod): IpcacheEntry {
    return {
      identity: identityOf(pod),
      node: this.#numbers.get(pod.node)!,
      isProtected: true,
      isOutOfScope: !this.#scope.hasPod(pod),
    }
  }

  #putNode(prefix: string, entry: IpcacheEntry): void {
    const place = placeOf(prefix)
    const before = this.#nodes.get(place)
    this.#nodes.set(place, entry)
    if (!before || !sameEntry(before, entry)) this.#dirty.add(place)
  }

  #place(pod: ClusterPod): void {
    if (!this.#numbers.has(pod.node)) return
    this.#conflicts.delete(pod.name)
    for (const address of pod.addresses) {
      const owner = this.#owners.get(address)
      if (owner === undefined || owner === pod) continue
      this.#conflicts.set(
        pod.name,
        `pod ${pod.name} claims ${hostPrefix(address)}, which pod ${owner.name} has`,
      )
      return
    }
    for (const address of pod.addresses) {
      this.#owners.set(address, pod)
      this.#dirty.add(address)
    }
  }

  #displace(pod: ClusterPod): void {
    this.#conflicts.delete(pod.name)
    for (const address of pod.addresses)
      if (this.#owners.get(address) === pod) {
        this.#owners.delete(address)
        this.#dirty.add(address)
      }
  }
}

const anyone: IpcacheEntry = { identity: 0, node: nobody, isProtected: true }

/** A prefix, or a single address without its length: the very text that nodes and pods bring along. */
type Place = string

function placeOf(prefix: string): Place {
  const length = prefix.includes(':') ? '/128' : '/32'
  return prefix.endsWith(length) ? prefix.slice(0, -length.length) : prefix
}

function sameEntry(a: IpcacheEntry, b: IpcacheEntry): boolean {
  return (
    a.identity === b.identity &&
    a.node === b.node &&
    a.isProtected === b.isProtected &&
    (a.isOutOfScope ?? false) === (b.isOutOfScope ?? false) &&
    (a.isNodeInScope ?? false) === (b.isNodeInScope ?? false) &&
    (a.isKeyless ?? false) === (b.isKeyless ?? false) &&
    a.spi === b.spi
  )
}
