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

interface Slot extends IpcacheEntry {
  /** Name of the pod; of all others there is only one who could want it. */
  readonly pod?: string
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

/** What the datapath should know about addresses, and which of it has changed. */
export class Ipcache {
  readonly #slots = new Map<string, Slot>()
  readonly #numbers = new Map<string, number>()
  readonly #podsOf = new Map<string, Set<string>>()
  readonly #pods = new Map<string, ClusterPod>()
  readonly #conflicts = new Map<string, string>()
  #ranges: readonly string[] = []
  #scope: PodScope = everyPod
  readonly #dirty = new Set<string>()

  /** Pods that cannot have the address they claim, one sentence each. */
  problems(): string[] {
    return [...this.#conflicts.values()]
  }

  podNames(): Iterable<string> {
    return this.#pods.keys()
  }

  /** The name of the pod that has the address. */
  podAt(address: string): string | undefined {
    return this.#slots.get(hostPrefix(address))?.pod
  }

  get(prefix: string): IpcacheEntry | undefined {
    return this.#slots.get(prefix)
  }

  /** From now on these pods are in scope. */
  setScope(scope: PodScope): void {
    this.#scope = scope
    for (const pod of this.#pods.values()) if (this.#isPlaced(pod)) this.#place(pod)
  }

  /** The ranges that pods come from. Of a prefix that is a node's as well, the node's entry counts. */
  setRanges(ranges: readonly string[]): void {
    for (const range of this.#ranges) if (!ranges.includes(range) && this.#isRange(range)) this.#drop(range)
    this.#ranges = ranges
    for (const range of ranges) if (!this.#slots.has(range)) this.#put(range, rangeSlot)
  }

  setNode({ name, podCidrs, underlay }: ClusterNode, number: number, own: NodeStanding = {}): void {
    for (const prefix of podCidrs) this.#put(prefix, { identity: 0, node: number, isProtected: true })
    this.#put(hostPrefix(underlay), { identity: 0, node: number, isProtected: false, ...own })
    if (this.#numbers.get(name) === number) return
    this.#numbers.set(name, number)
    for (const pod of this.#podsOf.get(name) ?? []) this.#place(this.#pods.get(pod)!)
  }

  removeNode({ name, podCidrs, underlay }: ClusterNode): void {
    this.#numbers.delete(name)
    // Its node's prefix, or the range of all, protects a pod whose node has gone before it, or has not come yet.
    for (const pod of this.#podsOf.get(name) ?? []) this.#displace(pod)
    for (const prefix of [...podCidrs, hostPrefix(underlay)])
      if (this.#ranges.includes(prefix)) this.#put(prefix, rangeSlot)
      else this.#drop(prefix)
  }

  setPod(pod: ClusterPod): void {
    if (this.#pods.get(pod.name) === pod) return
    this.removePod(pod.name)
    this.#pods.set(pod.name, pod)
    const beside = this.#podsOf.get(pod.node)
    if (beside) beside.add(pod.name)
    else this.#podsOf.set(pod.node, new Set([pod.name]))
    this.#place(pod)
  }

  removePod(name: string): void {
    const pod = this.#pods.get(name)
    if (!pod) return
    this.#displace(name)
    this.#pods.delete(name)
    const beside = this.#podsOf.get(pod.node)
    beside?.delete(name)
    if (beside?.size === 0) this.#podsOf.delete(pod.node)
  }

  /** Places again the pods whose addresses were others' before. */
  settleConflicts(): void {
    for (const name of [...this.#conflicts.keys()]) this.#place(this.#pods.get(name)!)
  }

  /** What has changed since the last `settle()`. */
  changes(): IpcacheChanges {
    const set = new Map<string, IpcacheEntry>()
    const remove: string[] = []
    for (const prefix of this.#dirty) {
      const slot = this.#slots.get(prefix)
      if (slot) set.set(prefix, slot)
      else remove.push(prefix)
    }
    return { set, remove }
  }

  /** The datapath knows all of it now. */
  settle(): void {
    this.#dirty.clear()
  }

  #place(pod: ClusterPod): void {
    const node = this.#numbers.get(pod.node)
    if (node === undefined) return
    this.#conflicts.delete(pod.name)
    const prefixes = pod.addresses.map(hostPrefix)
    for (const prefix of prefixes) {
      const owner = this.#slots.get(prefix)?.pod
      if (owner === undefined || owner === pod.name) continue
      this.#conflicts.set(pod.name, `pod ${pod.name} claims ${prefix}, which pod ${owner} has`)
      return
    }
    const slot = {
      identity: identityOf(pod),
      node,
      isProtected: true,
      isOutOfScope: !this.#scope.hasPod(pod),
      pod: pod.name,
    }
    for (const prefix of prefixes) this.#put(prefix, slot)
  }

  #isPlaced({ name, addresses }: ClusterPod): boolean {
    return this.podAt(addresses[0]!) === name
  }

  #displace(name: string): void {
    this.#conflicts.delete(name)
    for (const prefix of this.#pods.get(name)!.addresses.map(hostPrefix))
      if (this.#slots.get(prefix)?.pod === name) this.#drop(prefix)
  }

  #isRange(prefix: string): boolean {
    return this.#slots.get(prefix) === rangeSlot
  }

  #put(prefix: string, slot: Slot): void {
    const before = this.#slots.get(prefix)
    this.#slots.set(prefix, slot)
    if (!before || !sameEntry(before, slot)) this.#dirty.add(prefix)
  }

  #drop(prefix: string): void {
    if (this.#slots.delete(prefix)) this.#dirty.add(prefix)
  }
}

const rangeSlot: Slot = { identity: 0, node: nobody, isProtected: true }

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
