import { AF_INET6, formatAddress, parseAddress } from '@wireproof/netlink'
import { withRoom } from '../compact/columns.ts'
import { NameTable } from '../compact/name-table.ts'
import { SharedValues } from '../compact/shared-values.ts'
import { type Kind, kindOf } from '../plan/identity.ts'
import type { ClusterPod } from './state.ts'

/** What a pod has, as bits. */
const has = { ipv4: 1, ipv6: 2, ipv6First: 4, namespace: 8, ports: 16 } as const
const ipv6Bytes = 16

/**
 * Pods by name, of which there may be a hundred thousand: in columns, a few dozen bytes for each. What is asked for is made
 * when it is asked for, so two answers are equal and not the same object; their labels and ports are. Each pod has a row as
 * long as it is there, also when it is put anew.
 */
export class PodTable implements ReadonlyMap<string, ClusterPod> {
  readonly #names = new NameTable()
  readonly #nodes = new SharedValues<string>()
  readonly #kinds = new SharedValues<Kind>()
  #nodeOf = new Uint32Array(16)
  #kindOf = new Uint32Array(16)
  #has = new Uint8Array(16)
  #ipv4 = new Uint32Array(16)
  /** Nothing while no pod has such an address. */
  #ipv6 = new Uint8Array(0)

  get size(): number {
    return this.#names.size
  }

  /** @returns -1 where there is none. */
  rowOf(name: string): number {
    return this.#names.rowOf(name)
  }

  has(name: string): boolean {
    return this.rowOf(name) >= 0
  }

  /** Those in use, of all pods. Pods may go while they are walked through. */
  rows(): Iterable<number> {
    return this.#names
  }

  /** Of the pod of the same name as the one that another table has in a row; -1 where there is none. */
  rowOfThat(other: PodTable, row: number): number {
    return this.#names.rowOfThat(other.#names, row)
  }

  /** The kinds of pods there are, and how many there are of each; one that is written in two ways may come twice. */
  kinds(): Iterable<readonly [kind: Kind, pods: number]> {
    return this.#kinds.counts()
  }

  get(name: string): ClusterPod | undefined {
    const row = this.rowOf(name)
    return row < 0 ? undefined : this.at(row)
  }

  at(row: number): ClusterPod {
    const { labels, namespace, ports } = this.kindAt(row)
    return {
      name: this.nameAt(row),
      node: this.nodeAt(row),
      addresses: this.addressesAt(row),
      labels,
      ...(this.#hasAt(row, has.namespace) ? { namespace } : {}),
      ...(this.#hasAt(row, has.ports) ? { ports } : {}),
    }
  }

  nameAt(row: number): string {
    return this.#names.nameAt(row)
  }

  nodeAt(row: number): string {
    return this.#nodes.at(this.#nodeOf[row]!)
  }

  /** The same for pods of the same node. */
  nodeNumberAt(row: number): number {
    return this.#nodeOf[row]!
  }

  /** @returns -1 where the node has no pod. */
  nodeNumberOf(node: string): number {
    return this.#nodes.numberOf(node)
  }

  kindAt(row: number): Kind {
    return this.#kinds.at(this.#kindOf[row]!)
  }

  addressesAt(row: number): string[] {
    const ipv4 = this.#hasAt(row, has.ipv4) ? [formatIPv4(this.#ipv4[row]!)] : []
    const ipv6 = this.#hasAt(row, has.ipv6) ? [formatAddress(AF_INET6, this.ipv6At(row)!)] : []
    return this.#hasAt(row, has.ipv6First) ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6]
  }

  /** As a number, the first byte in the highest bits. */
  ipv4At(row: number): number | undefined {
    return this.#hasAt(row, has.ipv4) ? this.#ipv4[row] : undefined
  }

  /** A view that the next change of the table may change. */
  ipv6At(row: number): Uint8Array | undefined {
    return this.#hasAt(row, has.ipv6)
      ? this.#ipv6.subarray(row * ipv6Bytes, (row + 1) * ipv6Bytes)
      : undefined
  }

  /** Whether that is the pod in the row, but for its name. */
  isAt(row: number, pod: ClusterPod): boolean {
    const { namespace, ports } = pod
    if (this.nodeAt(row) !== pod.node || this.kindAt(row).text !== kindOf(pod).text) return false
    if (this.#hasAt(row, has.namespace) !== (namespace !== undefined)) return false
    if (this.#hasAt(row, has.ports) !== (ports !== undefined)) return false
    const addresses = this.addressesAt(row)
    return (
      addresses.length === pod.addresses.length && addresses.every((each, at) => each === pod.addresses[at])
    )
  }

  /** Whether a row of another table says the same as one of this, but for the name. */
  isSame(row: number, other: PodTable, otherRow: number): boolean {
    const what = this.#has[row]!
    return (
      what === other.#has[otherRow] &&
      this.nodeAt(row) === other.nodeAt(otherRow) &&
      this.kindAt(row).text === other.kindAt(otherRow).text &&
      this.#ipv4[row] === other.#ipv4[otherRow] &&
      ((what & has.ipv6) === 0 || isSameBytes(this.ipv6At(row)!, other.ipv6At(otherRow)!))
    )
  }

  set(name: string, pod: ClusterPod): this {
    this.put(name, pod)
    return this
  }

  /** @returns its row. @throws RangeError where it has two addresses of a family. */
  put(name: string, pod: ClusterPod): number {
    const addresses = pod.addresses.map(parseAddress)
    const ipv4 = addresses.find(({ length }) => length !== ipv6Bytes)
    const ipv6 = addresses.find(({ length }) => length === ipv6Bytes)
    if (addresses.length > (ipv4 ? 1 : 0) + (ipv6 ? 1 : 0))
      throw new RangeError(`pod ${name} has more than one address of a family`)
    const { size } = this
    const row = this.#names.add(name)
    return this.#describe(row, this.size === size, {
      node: pod.node,
      kind: kindOf(pod),
      ipv4: ipv4 ? ipv4.readUInt32BE() : 0,
      ipv6,
      what:
        (ipv4 ? has.ipv4 : 0) |
        (ipv6 ? has.ipv6 : 0) |
        (addresses[0] === ipv6 ? has.ipv6First : 0) |
        (pod.namespace === undefined ? 0 : has.namespace) |
        (pod.ports === undefined ? 0 : has.ports),
    })
  }

  /** The pod that another table has in a row: nothing of it is made for it. @returns its row here. */
  putThat(other: PodTable, otherRow: number): number {
    const { size } = this
    const row = this.#names.addThat(other.#names, otherRow)
    return this.#describe(row, this.size === size, {
      node: other.nodeAt(otherRow),
      kind: other.kindAt(otherRow),
      ipv4: other.#ipv4[otherRow]!,
      ipv6: other.ipv6At(otherRow),
      what: other.#has[otherRow]!,
    })
  }

  #describe(
    row: number,
    isKnown: boolean,
    {
      node,
      kind,
      ipv4,
      ipv6,
      what,
    }: {
      readonly node: string
      readonly kind: Kind
      readonly ipv4: number
      readonly ipv6: Uint8Array | undefined
      readonly what: number
    },
  ): number {
    // Before what was there is released: what both have in common stays.
    const [nodeNumber, kindNumber] = [this.#nodes.take(node), this.#kinds.take(kind)]
    if (isKnown) this.#release(row)
    this.#makeRoom(ipv6 !== undefined)
    this.#nodeOf[row] = nodeNumber
    this.#kindOf[row] = kindNumber
    this.#ipv4[row] = ipv4
    if (ipv6) this.#ipv6.set(ipv6, row * ipv6Bytes)
    this.#has[row] = what
    return row
  }

  delete(name: string): boolean {
    const row = this.rowOf(name)
    if (row < 0) return false
    this.#release(row)
    this.#names.delete(row)
    return true
  }

  *keys(): Generator<string, undefined> {
    for (const row of this.#names) yield this.nameAt(row)
  }

  *values(): Generator<ClusterPod, undefined> {
    for (const row of this.#names) yield this.at(row)
  }

  *entries(): Generator<[string, ClusterPod], undefined> {
    for (const row of this.#names) yield [this.nameAt(row), this.at(row)]
  }

  [Symbol.iterator](): Generator<[string, ClusterPod], undefined> {
    return this.entries()
  }

  forEach(call: (pod: ClusterPod, name: string, table: this) => void): void {
    for (const [name, pod] of this) call(pod, name, this)
  }

  #hasAt(row: number, what: number): boolean {
    return (this.#has[row]! & what) !== 0
  }

  #release(row: number): void {
    this.#nodes.release(this.#nodeOf[row]!)
    this.#kinds.release(this.#kindOf[row]!)
  }

  #makeRoom(withIPv6: boolean): void {
    const { rows } = this.#names
    this.#nodeOf = withRoom(this.#nodeOf, rows)
    this.#kindOf = withRoom(this.#kindOf, rows)
    this.#has = withRoom(this.#has, rows)
    this.#ipv4 = withRoom(this.#ipv4, rows)
    if (withIPv6) this.#ipv6 = withRoom(this.#ipv6, rows * ipv6Bytes)
  }
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, at) => byte === b[at])
}

function formatIPv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}
