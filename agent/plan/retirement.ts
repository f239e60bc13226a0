import type { XfrmStateOptions } from '@wireproof/netlink'
import { nameOfState } from './security.ts'

/** A state that the kernel has been asked about. */
export type CountedState = XfrmStateOptions & { readonly lifetime?: { readonly packets: number } }

/** How long, in milliseconds, an association that nobody needs any more still decrypts what is on its way. */
const delay = 1000
/** How long, in milliseconds, nothing must have arrived on one whose sender does not say that it has moved on. */
const quietPeriod = 60_000

/** Which associations are on their way out, and since when. */
export class Retirement {
  static readonly delay = delay
  readonly #since = new Map<string, { readonly state: XfrmStateOptions; readonly from: number }>()
  #counted = new Map<string, { readonly packets: number; readonly from: number }>()

  get isPending(): boolean {
    return this.#since.size > 0
  }

  /** Takes note of what the kernel has counted on each, in place of what it had before. */
  sample(states: Iterable<CountedState>, now: number): void {
    const counted = new Map<string, { packets: number; from: number }>()
    for (const state of states) {
      const packets = state.lifetime?.packets ?? 0
      const before = this.#counted.get(nameOfState(state))
      counted.set(nameOfState(state), before?.packets === packets ? before : { packets, from: now })
    }
    this.#counted = counted
  }

  isQuiet(state: XfrmStateOptions, now: number): boolean {
    const counted = this.#counted.get(nameOfState(state))
    return counted !== undefined && now - counted.from >= quietPeriod
  }

  begin(state: XfrmStateOptions, now: number): void {
    const name = nameOfState(state)
    if (!this.#since.has(name)) this.#since.set(name, { state, from: now })
  }

  /** It is wanted again. */
  cancel(state: XfrmStateOptions): void {
    this.#since.delete(nameOfState(state))
  }

  /** Those whose time has come; they are forgotten here. */
  due(now: number): XfrmStateOptions[] {
    const due: XfrmStateOptions[] = []
    for (const [name, { state, from }] of this.#since)
      if (now - from >= delay) {
        due.push(state)
        this.#since.delete(name)
      }
    return due
  }
}
