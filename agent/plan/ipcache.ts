import { PodTable } from '../cluster/pod-table.ts'
import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import { RowLists } from '../compact/row-lists.ts'
import { nobody } from '../kernel/datapath-layout.ts'
import { AddressOwners } from './address-owners.ts'
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
  /** Each is made when it is asked for, since there may be a hundred thousand; to be asked for before anything else changes. */
  readonly set: Iterable<readonly [prefix: string, entry: IpcacheEntry]>
  readonly remove: readonly string[]
}

/**
 * What the datapath should know about addresses, and which of it has changed. Of a pod nothing is kept but who has which
 * address, since there are so many of them: what is known there follows from the pod and from its node's number.
 */
export class Ipcache {
  readonly #pods = new PodTable()
  readonly #podsOf = new RowLists()
  /** Of the pods whose node is known, who has which address, which is one pod's only. */
  readonly #owners = new AddressOwners(this.#pods)
  readonly #conflicts = new Map<string, string>()
  readonly #numbers = new Map<string, number>()
  /** What is nodes' own: their pods' prefixes, and their addresses. */
  readonly #nodes = new Map<Place, IpcacheEntry>()
  #ranges: ReadonlySet<Place> = new Set()
  #scope: PodScope = everyPod
  readonly #dirty = new Set<Place>()
  /** Pods of which all addresses are to be written. */
  readonly #dirtyPods = new Set<number>()

  /** Pods that cannot have the address they claim, one sentence each. */
  problems(): string[] {
    return [...this.#conflicts.values()]
  }

  /** As it is known here. */
  pod(name: string): ClusterPod | undefined {
    return this.#pods.get(name)
  }

  /** The name of the pod that has the address. */
  podAt(address: string): string | undefined {
    const row = this.#owners.rowAt(address)
    return row < 0 ? undefined : this.#pods.nameAt(row)
  }

  get(prefix: string): IpcacheEntry | undefined {
    return this.#at(placeOf(prefix))
  }

  /** From now on these pods are in scope. */
  setScope(scope: PodScope): void {
    const before = this.#scope
    this.#scope = scope
    for (const pod of this.#pods.values()) {
      if (before.hasPod(pod) === scope.hasPod(pod)) continue
      const row = this.#pods.rowOf(pod.name)
      if (this.#owners.has(row)) this.#dirtyPods.add(row)
    }
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
    for (const row of this.#rowsOn(name)) this.#place(row)
  }

  removeNode({ name, podCidrs, underlay }: ClusterNode): void {
    this.#numbers.delete(name)
    // Its node's prefix, or the range of all, protects a pod whose node has gone before it, or has not come yet.
    for (const row of this.#rowsOn(name)) this.#displace(row)
    for (const place of [...podCidrs, underlay].map(placeOf))
      if (this.#nodes.delete(place)) this.#dirty.add(place)
  }

  setPod(pod: ClusterPod): void {
    const known = this.#pods.rowOf(pod.name)
    if (known >= 0) {
      if (this.#pods.isAt(known, pod)) return
      this.#giveUp(known)
    }
    this.#settleIn(this.#pods.put(pod.name, pod))
  }

  removePod(name: string): void {
    const row = this.#pods.rowOf(name)
    if (row < 0) return
    this.#giveUp(row)
    this.#pods.delete(name)
  }

  /** From now on there are these pods and no others. */
  setPods(pods: ReadonlyMap<string, ClusterPod>): void {
    if (!(pods instanceof PodTable)) {
      for (const name of this.#pods.keys()) if (!pods.has(name)) this.removePod(name)
      for (const pod of pods.values()) this.setPod(pod)
      return
    }
    // The same from row to row: of a hundred thousand pods no name or address is made only to be compared.
    for (const row of this.#pods.rows())
      if (pods.rowOfThat(this.#pods, row) < 0) this.removePod(this.#pods.nameAt(row))
    for (const row of pods.rows()) {
      const known = this.#pods.rowOfThat(pods, row)
      if (known >= 0) {
        if (this.#pods.isSame(known, pods, row)) continue
        this.#giveUp(known)
      }
      this.#settleIn(this.#pods.putThat(pods, row))
    }
  }

  /** Places again the pods whose addresses were others' before. */
  settleConflicts(): void {
    for (const name of [...this.#conflicts.keys()]) this.#place(this.#pods.rowOf(name))
  }

  /** What has changed since the last `settle()`. */
  changes(): IpcacheChanges {
    const remove: string[] = []
    for (const place of this.#dirty) if (!this.#isKnown(place)) remove.push(hostPrefix(place))
    return { set: { [Symbol.iterator]: () => this.#dirtyEntries() }, remove }
  }

  /** The datapath knows all of it now. */
  settle(): void {
    this.#dirty.clear()
    this.#dirtyPods.clear()
  }

  *#dirtyEntries(): Generator<readonly [prefix: string, entry: IpcacheEntry]> {
    for (const place of this.#dirty) {
      const entry = this.#at(place)
      if (entry) yield [hostPrefix(place), entry]
    }
    for (const row of this.#dirtyPods)
      for (const address of this.#pods.addressesAt(row))
        if (!this.#dirty.has(address))
          yield [hostPrefix(address), this.#ownedByNode(address) ?? this.#entryOf(row)]
  }

  #isKnown(place: Place): boolean {
    return this.#nodes.has(place) || this.#ranges.has(place) || this.#owners.rowAt(place) >= 0
  }

  /** Whoever claims a node's own address, it stays the node's: what nodes send each other must arrive. */
  #at(place: Place): IpcacheEntry | undefined {
    const own = this.#ownedByNode(place)
    if (own) return own
    const row = this.#owners.rowAt(place)
    if (row >= 0) return this.#entryOf(row)
    return this.#nodes.get(place) ?? (this.#ranges.has(place) ? anyone : undefined)
  }

  #ownedByNode(address: Place): IpcacheEntry | undefined {
    const entry = this.#nodes.get(address)
    return entry?.isProtected === false ? entry : undefined
  }

  #entryOf(row: number): IpcacheEntry {
    return {
      identity: this.#pods.kindAt(row).identity,
      node: this.#numbers.get(this.#pods.nodeAt(row))!,
      isProtected: true,
      isOutOfScope: this.#scope !== everyPod && !this.#scope.hasPod(this.#pods.at(row)),
    }
  }

  /** Of the pods of the node. */
  #rowsOn(node: string): Iterable<number> {
    const number = this.#pods.nodeNumberOf(node)
    return number < 0 ? [] : this.#podsOf.of(number)
  }

  #putNode(prefix: string, entry: IpcacheEntry): void {
    const place = placeOf(prefix)
    const before = this.#nodes.get(place)
    this.#nodes.set(place, entry)
    if (!before || !sameEntry(before, entry)) this.#dirty.add(place)
  }

  #settleIn(row: number): void {
    this.#podsOf.add(this.#pods.nodeNumberAt(row), row)
    this.#place(row)
  }

  #place(row: number): void {
    if (!this.#numbers.has(this.#pods.nodeAt(row))) return
    if (this.#conflicts.size > 0) this.#conflicts.delete(this.#pods.nameAt(row))
    const other = this.#owners.take(row)
    if (other) {
      const [name, owner] = [this.#pods.nameAt(row), this.#pods.nameAt(other.row)]
      this.#conflicts.set(name, `pod ${name} claims ${hostPrefix(other.address)}, which pod ${owner} has`)
      return
    }
    this.#dirtyPods.add(row)
  }

  /** Before it changes, or goes. */
  #giveUp(row: number): void {
    this.#displace(row)
    this.#podsOf.delete(this.#pods.nodeNumberAt(row), row)
  }

  #displace(row: number): void {
    if (this.#conflicts.size > 0) this.#conflicts.delete(this.#pods.nameAt(row))
    this.#dirtyPods.delete(row)
    // It has all of them, or none.
    if (!this.#owners.delete(row)) return
    for (const address of this.#pods.addressesAt(row)) this.#dirty.add(address)
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
