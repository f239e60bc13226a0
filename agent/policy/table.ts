import { createHash } from 'node:crypto'
import type { AddressClass, PolicySet } from './compile.ts'
import type { Allowance } from './layout.ts'
import type { PolicyDirection } from './network-policy.ts'

/** The datapath's maps, entry by entry. */
export interface PolicyMaps {
  allow(set: number, allowance: Allowance, rule: number): void
  disallow(set: number, allowance: Allowance): void
  classify(set: number, entry: AddressClass): void
  declassify(set: number, entry: AddressClass): void
  /** Puts a set in force at a pod's device. */
  place(device: number, pod: PlacedPolicy): void
  displace(device: number): void
}

export interface PlacedPolicy {
  readonly set: number
  readonly isolated: readonly PolicyDirection[]
  readonly isolatingRule: Readonly<Record<PolicyDirection, number>>
}

/** What is in the maps under one number; while a change goes on, more or less than the policies it is made from. */
interface WrittenSet {
  readonly number: number
  policy: PolicySet
  readonly allowances: Map<string, { readonly allowance: Allowance; readonly rule: number }>
  readonly addressClasses: Map<string, AddressClass>
}

/** What a device should enforce. Devices of the same kind share a set. */
export interface Placement {
  readonly device: number
  readonly kind: string
}

/**
 * Keeps the datapath's maps what the policies say, so that at no instant a session may begin, or go on, that neither the
 * old policies nor the new ones allow, and none is stopped that both allow.
 *
 * A set in force is only ever added to. Where less is to be allowed a new set is written beside it and takes its place at
 * the pod in one write, after which the sessions of the pod are judged again.
 */
export class PolicyTable {
  readonly #maps: PolicyMaps
  readonly #sets = new Map<string, WrittenSet>()
  readonly #placed = new Map<number, { readonly kind: string; readonly content: string }>()
  readonly #outdated: WrittenSet[] = []
  readonly #ruleNames = new Map<number, string>([[0, '']])
  #nextSet: number

  /** @param firstSet not one that sessions of an earlier agent may still be known under. */
  constructor(maps: PolicyMaps, firstSet: number) {
    this.#maps = maps
    this.#nextSet = firstSet
  }

  /** The name of a rule that was in force, by its number. */
  ruleName(rule: number): string | undefined {
    return this.#ruleNames.get(rule) || undefined
  }

  /**
   * @param sets by kind.
   * @param isObsolete tells identities that no pod has any more: what they were allowed is of no consequence.
   */
  update(
    sets: ReadonlyMap<string, PolicySet>,
    placements: readonly Placement[],
    isObsolete: (identity: number) => boolean,
  ): void {
    for (const [kind, policy] of sets) this.#bring(kind, policy, isObsolete)
    for (const placement of placements) this.#place(placement)
    const devices = new Set(placements.map(({ device }) => device))
    for (const device of this.#placed.keys()) if (!devices.has(device)) this.displace(device)
    this.#outdated.push(...[...this.#sets].flatMap(([kind, set]) => (sets.has(kind) ? [] : [set])))
    for (const kind of this.#sets.keys()) if (!sets.has(kind)) this.#sets.delete(kind)
    for (let set = this.#outdated[0]; set; set = this.#outdated[0]) {
      this.#empty(set)
      this.#outdated.shift()
    }
  }

  displace(device: number): void {
    if (!this.#placed.has(device)) return
    this.#maps.displace(device)
    this.#placed.delete(device)
  }

  #bring(kind: string, policy: PolicySet, isObsolete: (identity: number) => boolean): void {
    const present = this.#sets.get(kind)
    if (present?.policy === policy) return
    if (!present || !canGrow(present, policy, isObsolete)) {
      const fresh = { number: this.#takeNumber(), policy, allowances: new Map(), addressClasses: new Map() }
      // Should the writing fail half-way, what is there is taken away again.
      this.#outdated.push(fresh)
      this.#fill(fresh, policy)
      this.#outdated.splice(this.#outdated.indexOf(fresh), 1)
      if (present) this.#outdated.push(present)
      this.#sets.set(kind, fresh)
      return
    }
    this.#fill(present, policy)
    for (const [name, { allowance }] of present.allowances)
      if (!policy.allowances.has(name)) {
        this.#maps.disallow(present.number, allowance)
        present.allowances.delete(name)
      }
    present.policy = policy
  }

  /** Classes first are harmless: nothing is allowed to them yet. */
  #fill(set: WrittenSet, policy: PolicySet): void {
    for (const [name, entry] of policy.addressClasses) {
      if (set.addressClasses.has(name)) continue
      this.#maps.classify(set.number, entry)
      set.addressClasses.set(name, entry)
    }
    for (const [name, { allowance, rule: ruleName }] of policy.allowances) {
      const rule = this.#ruleNumber(ruleName)
      if (set.allowances.get(name)?.rule === rule) continue
      this.#maps.allow(set.number, allowance, rule)
      set.allowances.set(name, { allowance, rule })
    }
  }

  #place({ device, kind }: Placement): void {
    const { number, policy } = this.#sets.get(kind)!
    const placed = {
      set: number,
      isolated: policy.isolated,
      isolatingRule: {
        ingress: this.#ruleNumber(policy.isolating.ingress),
        egress: this.#ruleNumber(policy.isolating.egress),
      },
    }
    const content = JSON.stringify(placed)
    if (this.#placed.get(device)?.content === content) return
    this.#maps.place(device, placed)
    this.#placed.set(device, { kind, content })
  }

  #empty({ number, allowances, addressClasses }: WrittenSet): void {
    for (const [name, { allowance }] of allowances) {
      this.#maps.disallow(number, allowance)
      allowances.delete(name)
    }
    for (const [name, entry] of addressClasses) {
      this.#maps.declassify(number, entry)
      addressClasses.delete(name)
    }
  }

  /** Of the name itself, so that it means the same to the next agent. */
  #ruleNumber(name: string): number {
    if (name === '') return 0
    const number = createHash('sha256').update(name).digest().readUInt32LE(0) || 1
    this.#ruleNames.set(number, name)
    return number
  }

  /** From 1 again after 2³²: the sets in force are few. */
  #takeNumber(): number {
    const inUse = new Set([...this.#sets.values(), ...this.#outdated].map(({ number }) => number))
    while (inUse.has(this.#nextSet) || this.#nextSet === 0) this.#nextSet = (this.#nextSet + 1) >>> 0
    const number = this.#nextSet
    this.#nextSet = (this.#nextSet + 1) >>> 0
    return number
  }
}

/** Whether the set may become the policy in place: it then never allows what neither of them does. */
function canGrow(
  { policy: before, allowances, addressClasses }: WrittenSet,
  policy: PolicySet,
  isObsolete: (identity: number) => boolean,
): boolean {
  if (before.isolated.join() !== policy.isolated.join()) return false
  if (addressClasses.size !== policy.addressClasses.size) return false
  for (const [name, { addressClass }] of policy.addressClasses)
    if (addressClasses.get(name)?.addressClass !== addressClass) return false
  for (const [name, { allowance }] of allowances)
    if (!policy.allowances.has(name) && !(allowance.peer === 'identity' && isObsolete(allowance.remote)))
      return false
  return true
}
