import type {
  Xfrm,
  XfrmPolicy,
  XfrmPolicyId,
  XfrmState,
  XfrmStateId,
  XfrmStateOptions,
} from '@wireproof/netlink'
import type { PresentPeer } from '../plan/node-plan.ts'
import {
  type IsNode,
  isOwnPolicy,
  isOwnState,
  peerOf,
  trespassOfPolicy,
  trespassOfState,
} from '../plan/ownership.ts'
import { nameOfState } from '../plan/security.ts'
import { overwriteKeys, type SecurityDifference } from './xfrm.ts'

type State = XfrmStateOptions & Partial<Pick<XfrmState, 'lifetime'>>

/** There are a few of each: they are found by looking at all. */
interface Peer {
  states: readonly State[]
  policies: readonly XfrmPolicy[]
}

/**
 * Our associations and policies as the kernel has them, by peer: read from it once, then kept by what is done to it, so
 * that a change costs what it changes. Whoever learns that another hand was in it reads again.
 */
export class SecurityMirror {
  readonly #xfrm: Xfrm
  readonly #peers = new Map<number, Peer>()
  /** Of inbound associations. */
  readonly #heard = new Map<string, number>()
  /** Those that were read from the kernel, with keys of their own. */
  readonly #read = new Set<State>()
  /** Whether there was anything of ours. */
  #hasRead = false
  #trespasses: readonly string[] = []

  constructor(xfrm: Xfrm) {
    this.#xfrm = xfrm
  }

  reload(isNode: IsNode): void {
    this.#peers.clear()
    this.#heard.clear()
    const states = this.#xfrm.states()
    const policies = this.#xfrm.policies()
    this.#read.clear()
    for (const state of states) {
      if (!isOwnState(state, isNode)) continue
      this.#putState(state)
      this.#read.add(state)
    }
    for (const policy of policies) if (isOwnPolicy(policy)) this.#putPolicy(policy)
    this.#hasRead = this.#peers.size > 0
    this.#trespasses = [
      ...states.flatMap((state) => trespassOfState(state, isNode) ?? []),
      ...policies.flatMap((policy) => trespassOfPolicy(policy) ?? []),
    ]
    overwriteKeys(states.filter((state) => !this.has(state)))
  }

  /** Of somebody else's in the kernel that may get in our way, a sentence each. */
  get trespasses(): readonly string[] {
    return this.#trespasses
  }

  numbers(): number[] {
    return [...this.#peers.keys()]
  }

  of(number: number): { readonly states: readonly State[]; readonly policies: readonly XfrmPolicy[] } {
    return this.#peers.get(number) ?? nothing
  }

  *states(): Generator<State> {
    for (const { states } of this.#peers.values()) yield* states
  }

  has(state: State): boolean {
    const number = peerOf(state.reqid)
    return number !== undefined && this.of(number).states.some((each) => isSameState(each, state))
  }

  /**
   * Takes what is wanted for what was read from the kernel, where that is the same by now: so each is in memory once. Keys
   * that were read are overwritten.
   */
  adopt(wanted: Iterable<PresentPeer & { readonly number: number }>): void {
    if (!this.#hasRead) return
    for (const { number, states, policies } of wanted) {
      const peer = this.#peers.get(number)
      if (!peer) continue
      peer.states = peer.states.map((state) => states.find((each) => isSameState(each, state)) ?? state)
      peer.policies = peer.policies.map(
        (policy) => policies.find((each) => isSamePolicy(each, policy)) ?? policy,
      )
    }
    overwriteKeys(this.#read)
    this.#read.clear()
    this.#hasRead = false
  }

  /** The peer that is heard under the SPI at the address. */
  heardBy(destination: string, spi: number): number | undefined {
    return this.#heard.get(nameOfState({ destination, spi }))
  }

  /**
   * Adds what is missing. Policies for arriving packets come before the associations that decrypt them, and outbound
   * associations before the policies that name them: at no moment does a policy change to an association that is not there.
   */
  add({ states, policies }: SecurityDifference): void {
    const wanted = [...policies.add, ...policies.change.map(({ to }) => to)]
    this.#xfrm.updatePolicies(wanted.filter((policy) => policy.direction !== 'out'))
    // The kernel would keep the old key, and its sequence numbers, in an update.
    this.deleteStates(states.change.map(({ from }) => from))
    const added = [...states.add, ...states.change.map(({ to }) => to)]
    this.#xfrm.addStates(added)
    this.#xfrm.updatePolicies(wanted.filter((policy) => policy.direction === 'out'))
    for (const state of added) this.#putState(state)
    for (const policy of wanted) this.#putPolicy(policy)
  }

  deletePolicies(policies: readonly XfrmPolicy[]): void {
    this.#xfrm.deletePolicies(policies)
    this.forgetPolicies(policies)
  }

  /** They are another peer's from now on. */
  forgetPolicies(policies: readonly XfrmPolicy[]): void {
    for (const policy of policies)
      this.#change(policy.template?.reqid, (peer) => {
        peer.policies = without(peer.policies, policy, isSamePolicy)
      })
  }

  deleteStates(states: readonly State[]): void {
    this.#xfrm.deleteStates(states)
    for (const state of states) {
      this.#heard.delete(nameOfState(state))
      this.#change(state.reqid, (peer) => {
        peer.states = without(peer.states, state, isSameState)
      })
    }
  }

  #putState(state: State): void {
    const number = peerOf(state.reqid)
    if (number === undefined) return
    const peer = this.#peer(number)
    peer.states = withOne(peer.states, state, isSameState)
    if (state.outputMark !== undefined) this.#heard.set(nameOfState(state), number)
  }

  #putPolicy(policy: XfrmPolicy): void {
    const number = peerOf(policy.template?.reqid)
    if (number === undefined) return
    const peer = this.#peer(number)
    peer.policies = withOne(peer.policies, policy, isSamePolicy)
  }

  #peer(number: number): Peer {
    let peer = this.#peers.get(number)
    if (!peer) {
      peer = { ...nothing }
      this.#peers.set(number, peer)
    }
    return peer
  }

  #change(reqid: number | undefined, action: (peer: Peer) => void): void {
    const number = peerOf(reqid)
    const peer = number === undefined ? undefined : this.#peers.get(number)
    if (number === undefined || !peer) return
    action(peer)
    if (peer.states.length === 0 && peer.policies.length === 0) this.#peers.delete(number)
  }
}

const nothing: Peer = { states: [], policies: [] }

function isSameState(a: XfrmStateId, b: XfrmStateId): boolean {
  return a.spi === b.spi && a.destination === b.destination
}

function isSamePolicy(a: XfrmPolicyId, b: XfrmPolicyId): boolean {
  return (
    a.direction === b.direction &&
    a.destination === b.destination &&
    a.source === b.source &&
    a.mark?.value === b.mark?.value &&
    a.mark?.mask === b.mark?.mask
  )
}

function withOne<Item>(
  items: readonly Item[],
  one: Item,
  isSame: (a: Item, b: Item) => boolean,
): readonly Item[] {
  return items.length === 0 ? [one] : [...without(items, one, isSame), one]
}

function without<Item>(
  items: readonly Item[],
  one: Item,
  isSame: (a: Item, b: Item) => boolean,
): readonly Item[] {
  return items.some((each) => isSame(each, one)) ? items.filter((each) => !isSame(each, one)) : items
}
