import type { Xfrm, XfrmPolicy, XfrmState, XfrmStateOptions } from '@wireproof/netlink'
import type { PresentPeer } from '../plan/node-plan.ts'
import {
  type IsNode,
  isOwnPolicy,
  isOwnState,
  peerOf,
  trespassOfPolicy,
  trespassOfState,
} from '../plan/ownership.ts'
import { nameOfPolicy, nameOfState } from '../plan/security.ts'
import { overwriteKeys, type SecurityDifference } from './xfrm.ts'

type State = XfrmStateOptions & Partial<Pick<XfrmState, 'lifetime'>>

interface Peer {
  readonly states: Map<string, State>
  readonly policies: Map<string, XfrmPolicy>
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
  #trespasses: readonly string[] = []

  constructor(xfrm: Xfrm) {
    this.#xfrm = xfrm
  }

  reload(isNode: IsNode): void {
    this.#peers.clear()
    this.#heard.clear()
    const states = this.#xfrm.states()
    const policies = this.#xfrm.policies()
    for (const state of states) if (isOwnState(state, isNode)) this.#putState(state)
    for (const policy of policies) if (isOwnPolicy(policy)) this.#putPolicy(policy)
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

  of(number: number): { states: State[]; policies: XfrmPolicy[] } & PresentPeer {
    const peer = this.#peers.get(number)
    return { states: [...(peer?.states.values() ?? [])], policies: [...(peer?.policies.values() ?? [])] }
  }

  *states(): Generator<State> {
    for (const { states } of this.#peers.values()) yield* states.values()
  }

  has(state: State): boolean {
    const number = peerOf(state.reqid)
    return number !== undefined && this.#peers.get(number)?.states.has(nameOfState(state)) === true
  }

  /** Takes the keys of associations that are as they are wanted for those read from the kernel, which are overwritten. */
  adoptKeys(wanted: Iterable<State>): void {
    const read = new Set(this.states())
    for (const state of wanted) {
      const present = this.#peers.get(peerOf(state.reqid)!)?.states
      const before = present?.get(nameOfState(state))
      if (before && before !== state)
        present!.set(nameOfState(state), {
          ...state,
          ...(before.lifetime ? { lifetime: before.lifetime } : {}),
        })
      if (before === state) read.delete(before)
    }
    overwriteKeys(read)
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
    for (const policy of policies)
      this.#change(policy.template?.reqid, (peer) => peer.policies.delete(nameOfPolicy(policy)))
  }

  deleteStates(states: readonly State[]): void {
    this.#xfrm.deleteStates(states)
    for (const state of states) {
      const name = nameOfState(state)
      this.#heard.delete(name)
      this.#change(state.reqid, (peer) => peer.states.delete(name))
    }
  }

  #putState(state: State): void {
    const number = peerOf(state.reqid)
    if (number === undefined) return
    const name = nameOfState(state)
    this.#peer(number).states.set(name, state)
    if (state.outputMark !== undefined) this.#heard.set(name, number)
  }

  #putPolicy(policy: XfrmPolicy): void {
    const number = peerOf(policy.template?.reqid)
    if (number !== undefined) this.#peer(number).policies.set(nameOfPolicy(policy), policy)
  }

  #peer(number: number): Peer {
    let peer = this.#peers.get(number)
    if (!peer) {
      peer = { states: new Map(), policies: new Map() }
      this.#peers.set(number, peer)
    }
    return peer
  }

  #change(reqid: number | undefined, action: (peer: Peer) => void): void {
    const number = peerOf(reqid)
    const peer = number === undefined ? undefined : this.#peers.get(number)
    if (number === undefined || !peer) return
    action(peer)
    if (peer.states.size === 0 && peer.policies.size === 0) this.#peers.delete(number)
  }
}
