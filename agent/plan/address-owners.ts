import { parseAddress } from '@wireproof/netlink'
import type { PodTable } from '../cluster/pod-table.ts'
import { mixed, RowIndex } from '../compact/row-index.ts'

/** Which pod of a table has which address: one pod each. */
export class AddressOwners {
  readonly #pods: PodTable
  readonly #ipv4: RowIndex
  readonly #ipv6: RowIndex

  constructor(pods: PodTable) {
    this.#pods = pods
    this.#ipv4 = new RowIndex((row) => mixed(pods.ipv4At(row)!))
    this.#ipv6 = new RowIndex((row) => hashOfIPv6(pods.ipv6At(row)!))
  }

  /** @param place an address; what is none is nobody's. @returns the row of the pod that has it, -1 where none has. */
  rowAt(place: string): number {
    if (place.includes('/')) return -1
    const bytes = parseAddress(place)
    return bytes.length === 4 ? this.#atIPv4(bytes.readUInt32BE()) : this.#atIPv6(bytes)
  }

  /**
   * From now on the pod has all its addresses, or none where another pod has one of them.
   *
   * @returns the first of its addresses that another one has, and which.
   */
  take(row: number): { readonly row: number; readonly address: string } | undefined {
    const [ipv4, ipv6] = [this.#ipv4Owner(row), this.#ipv6Owner(row)]
    if (ipv4 === row || ipv6 === row) return undefined
    if (ipv4 >= 0 || ipv6 >= 0)
      for (const address of this.#pods.addressesAt(row)) {
        const owner = this.rowAt(address)
        if (owner >= 0) return { row: owner, address }
      }
    if (this.#pods.ipv4At(row) !== undefined) this.#ipv4.add(row)
    if (this.#pods.ipv6At(row) !== undefined) this.#ipv6.add(row)
    return undefined
  }

  /** Whether the pod has its addresses: all of them, or none. */
  has(row: number): boolean {
    return this.#ipv4Owner(row) === row || this.#ipv6Owner(row) === row
  }

  /** To be called before the pod changes. @returns whether it had its addresses. */
  delete(row: number): boolean {
    if (!this.has(row)) return false
    if (this.#pods.ipv4At(row) !== undefined) this.#ipv4.delete(row)
    if (this.#pods.ipv6At(row) !== undefined) this.#ipv6.delete(row)
    return true
  }

  /** Of its IPv4 address, -1 where it has none or nobody has it. */
  #ipv4Owner(row: number): number {
    const ipv4 = this.#pods.ipv4At(row)
    return ipv4 === undefined ? -1 : this.#atIPv4(ipv4)
  }

  #ipv6Owner(row: number): number {
    const ipv6 = this.#pods.ipv6At(row)
    return ipv6 === undefined ? -1 : this.#atIPv6(ipv6)
  }

  #atIPv4(address: number): number {
    return this.#ipv4.find(mixed(address), (row) => this.#pods.ipv4At(row) === address)
  }

  #atIPv6(address: Uint8Array): number {
    return this.#ipv6.find(hashOfIPv6(address), (row) => isSame(address, this.#pods.ipv6At(row)!))
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, at) => byte === b[at])
}

function hashOfIPv6(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let hash = 0
  for (let at = 0; at < 16; at += 4) hash = mixed(hash ^ view.getUint32(at))
  return hash
}
