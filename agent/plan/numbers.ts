import { largestNodeNumber, localNode } from '../kernel/datapath-layout.ts'

/**
 * The numbers by which this agent, and no other, tells nodes apart in marks, reqids and the datapath's maps. They are in
 * the kernel with what they mark, so an agent that starts again finds them there.
 */
export class NodeNumbers {
  readonly #numbers = new Map<string, number>()
  readonly #underlays = new Map<number, string>()
  #last = localNode

  /** Goes on with a number found in the kernel. @returns whether it is this node's number now. */
  adopt(number: number, underlay: string): boolean {
    if (!this.#numbers.has(underlay) && !this.#underlays.has(number) && number > localNode)
      this.#set(number, underlay)
    return this.#numbers.get(underlay) === number
  }

  /** The node's number, a new one where it has none. */
  of(underlay: string): number {
    return this.#numbers.get(underlay) ?? this.#set(this.#free(), underlay)
  }

  underlayOf(number: number): string | undefined {
    return this.#underlays.get(number)
  }

  /** To be called once nothing in the kernel carries the number any more. */
  release(number: number): void {
    const underlay = this.#underlays.get(number)
    if (underlay !== undefined) this.#numbers.delete(underlay)
    this.#underlays.delete(number)
  }

  #set(number: number, underlay: string): number {
    this.#numbers.set(underlay, number)
    this.#underlays.set(number, underlay)
    this.#last = Math.max(this.#last, number)
    return number
  }

  /** The one after the last, as long as there is one: packets on their way may still carry one that was just released. */
  #free(): number {
    if (this.#last < largestNodeNumber) return this.#last + 1
    let number = localNode + 1
    while (this.#underlays.has(number)) number++
    if (number > largestNodeNumber) throw new RangeError(`there are more than ${largestNodeNumber} nodes`)
    return number
  }
}
