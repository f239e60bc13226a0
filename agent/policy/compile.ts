import type { Kind } from '../plan/identity.ts'
import { classify } from './classes.ts'
import { type Allowance, directions } from './layout.ts'
import type { IpBlock, NetworkPolicy, Peer, PolicyDirection, Rule } from './network-policy.ts'
import { type PortMatch, portMatches } from './ports.ts'
import { isPeer, type PolicyWorld, policiesOf } from './world.ts'

/** What a pod's policies come to, by names that say what each entry is. */
export interface PolicySet {
  readonly isolated: readonly PolicyDirection[]
  /** The policies that isolate the pod, `<namespace>/<policy>/<direction>` each; empty where none does. */
  readonly isolating: Readonly<Record<PolicyDirection, string>>
  readonly allowances: ReadonlyMap<string, { readonly allowance: Allowance; readonly rule: string }>
  readonly addressClasses: ReadonlyMap<string, AddressClass>
}

export interface AddressClass {
  readonly direction: PolicyDirection
  readonly prefix: string
  readonly addressClass: number
}

/** Finds the identities that a peer selects; the same peer is asked for again and again. */
export type PeerIndex = (peer: Peer, namespace: string) => readonly Kind[]

/** Compiles policies for all pods of one kind. */
export function compile(kind: Kind, world: PolicyWorld, peerIndex: PeerIndex): PolicySet {
  const policies = policiesOf(kind, world)
  const isolating = (direction: PolicyDirection) =>
    policies
      .filter(({ rules }) => rules[direction])
      .map(({ namespace, name }) => `${namespace}/${name}/${direction}`)
      .join(', ')
  const names = { ingress: isolating('ingress'), egress: isolating('egress') }
  const compiled = directions.map((direction) =>
    new DirectionCompiler(direction, kind, peerIndex).compile(policies),
  )
  return {
    isolated: directions.filter((direction) => names[direction] !== ''),
    isolating: names,
    allowances: new Map(compiled.flatMap(({ allowances }) => [...allowances])),
    addressClasses: new Map(compiled.flatMap(({ addressClasses }) => [...addressClasses])),
  }
}

class DirectionCompiler {
  readonly allowances = new Map<string, { allowance: Allowance; rule: string }>()
  readonly addressClasses = new Map<string, AddressClass>()
  readonly #direction: PolicyDirection
  readonly #kind: Kind
  readonly #peerIndex: PeerIndex
  readonly #blocks: { readonly block: IpBlock; readonly rule: Rule }[] = []

  constructor(direction: PolicyDirection, kind: Kind, peerIndex: PeerIndex) {
    this.#direction = direction
    this.#kind = kind
    this.#peerIndex = peerIndex
  }

  compile(policies: readonly NetworkPolicy[]): this {
    for (const { namespace, rules } of policies)
      for (const rule of rules[this.#direction] ?? []) this.#addRule(rule, namespace)
    this.#addBlocks()
    return this
  }

  #addRule(rule: Rule, namespace: string): void {
    if (!rule.peers) this.#addAnyone(rule, namespace)
    for (const peer of rule.peers ?? []) {
      if ('ipBlock' in peer) this.#blocks.push({ block: peer.ipBlock, rule })
      else this.#addKinds(rule, this.#peerIndex(peer, namespace))
    }
  }

  #addAnyone(rule: Rule, namespace: string): void {
    for (const match of this.#matchesOfAddresses(rule)) this.#allow('anyone', 0, match, rule)
    const hasNames = rule.ports?.some(({ port }) => typeof port === 'string')
    // A name means another port at each pod, and nothing at what is no pod.
    if (this.#direction === 'egress' && hasNames)
      this.#addKinds(rule, this.#peerIndex({ namespaces: [] }, namespace))
  }

  /** Ports are those of whoever is connected to. */
  #addKinds(rule: Rule, kinds: readonly Kind[]): void {
    for (const kind of kinds) {
      const { ports } = this.#direction === 'egress' ? kind : this.#kind
      for (const match of portMatches(rule.ports, ports)) this.#allow('identity', kind.identity, match, rule)
    }
  }

  #addBlocks(): void {
    const { prefixes, blocks } = classify(this.#blocks.map(({ block }) => block))
    for (const { prefix, addressClass } of prefixes)
      this.addressClasses.set(`${this.#direction} ${prefix}`, {
        direction: this.#direction,
        prefix,
        addressClass,
      })
    for (const [addressClass, indices] of blocks)
      for (const index of indices) {
        const { rule } = this.#blocks[index]!
        for (const match of this.#matchesOfAddresses(rule)) this.#allow('cidr', addressClass, match, rule)
      }
  }

  #matchesOfAddresses(rule: Rule): PortMatch[] {
    return portMatches(rule.ports, this.#direction === 'ingress' ? this.#kind.ports : {})
  }

  #allow(peer: Allowance['peer'], remote: number, match: PortMatch, rule: Rule): void {
    const allowance = { direction: this.#direction, peer, remote, ...match }
    const name = nameOfAllowance(allowance)
    // Of several rules that say the same, the first is told.
    if (!this.allowances.has(name)) this.allowances.set(name, { allowance, rule: rule.name })
  }
}

export function nameOfAllowance({ direction, peer, remote, protocol, ports }: Allowance): string {
  return [direction, peer, remote, protocol, ports && `${ports.port}/${ports.length}`].join(' ')
}

/**
 * Remembers for each peer which kinds of pods it selects.
 *
 * Two kinds may come to have the same number, one chance in four thousand million for each two; then a peer selects
 * either only where it selects both.
 */
export function indexPeers({ kinds, namespaces }: Pick<PolicyWorld, 'kinds' | 'namespaces'>): PeerIndex {
  const byIdentity = [...Map.groupBy(kinds, ({ identity }) => identity).values()]
  const known = new Map<Peer, readonly Kind[]>()
  return (peer, namespace) => {
    const before = known.get(peer)
    if (before) return before
    const found = byIdentity.filter((same) =>
      same.every((kind) => !('ipBlock' in peer) && isPeer(peer, namespace, kind, namespaces)),
    )
    const agreeing = found.flatMap((same) => (same.every(({ ports }) => agree(ports, same)) ? same : []))
    known.set(peer, agreeing)
    return agreeing
  }
}

function agree(ports: Kind['ports'], kinds: readonly Kind[]): boolean {
  return kinds.every((kind) => JSON.stringify(kind.ports) === JSON.stringify(ports))
}
