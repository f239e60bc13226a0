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
    if (bytes.length === 4) {
      const address = bytes.readUInt32BE()
      return this.#ipv4.find(mixed(address), (row) => this.#pods.ipv4At(row) === address)
    }
    return this.#ipv6.find(hashOfIPv6(bytes), (row) => bytes.equals(this.#pods.ipv6At(row)!))
  }

  /** From now on the pod has all its addresses, which must be nobody else's. */
  add(row: number): void {
    if (this.#has(row)) return
    if (this.#pods.ipv4At(row) !== undefined) this.#ipv4.add(row)
    if (this.#pods.ipv6At(row) !== undefined) this.#ipv6.add(row)
  }

  /** To be called before the pod changes. @returns whether it had its addresses. */
  delete(row: number): boolean {
    if (!this.#has(row)) return false
    if (this.#pods.ipv4At(row) !== undefined) this.#ipv4.delete(row)
    if (this.#pods.ipv6At(row) !== undefined) this.#ipv6.delete(row)
    return true
  }

  #has(row: number): boolean {
    const [ipv4, ipv6] = [this.#pods.ipv4At(row), this.#pods.ipv6At(row)]
    if (ipv4 !== undefined) return this.#ipv4.find(mixed(ipv4), (each) => each === row) === row
    return ipv6 !== undefined && this.#ipv6.find(hashOfIPv6(ipv6), (each) => each === row) === row
  }
}

function hashOfIPv6(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let hash = 0
  for (let at = 0; at < 16; at += 4) hash = mixed(hash ^ view.getUint32(at))
  return hash
}
