import type { RouteOptions, XfrmPolicy } from '@wireproof/netlink'
import type { ClusterNode, ClusterView, Life } from '../cluster/state.ts'
import { localNode } from '../kernel/datapath-layout.ts'
import { keyName } from '../keys/key-name.ts'
import { type PairKey, PairKeys } from '../keys/pair-key.ts'
import { Claims } from './claims.ts'
import { Ipcache, type NodeStanding } from './ipcache.ts'
import { NodeNumbers } from './numbers.ts'
import { routeMetricOf } from './ownership.ts'
import { type Pair, type PeerPlan, type PresentState, planPeer } from './peer.ts'
import { familyOf, hostPrefix } from './prefix.ts'

/** What the kernel holds of ours about one peer. */
export interface PresentPeer {
  readonly states: readonly PresentState[]
  readonly policies: readonly XfrmPolicy[]
}

export interface PlanTask {
  readonly view: ClusterView
  readonly self: ClusterNode
  readonly life: Life
  /** Whose own traffic is to be encrypted, and whether any is. */
  readonly scope: { hasNode(node: ClusterNode): boolean }
  readonly encrypts: boolean
  /** Nodes to plan anew; all others stay as they are. */
  readonly nodes: Iterable<string>
  readonly present: (number: number) => PresentPeer
  /** The peer that the kernel already hears under the SPI. */
  readonly heard: (spi: number) => number | undefined
}

/** A peer that is none any more: what the kernel still holds of it is to go. */
export interface Gone {
  readonly name: string
  readonly number: number
}

/** What a planning came to, as far as it differs from before. */
export interface Planned {
  readonly peers: readonly PeerPlan[]
  readonly gone: readonly Gone[]
}

interface Peer {
  readonly keys: PairKeys
  /** As the cluster store described it when it last made sense. */
  node: ClusterNode
  attempt: number
  plan: PeerPlan | undefined
}

const mostAttempts = 256

/**
 * Decides what the kernel of one node should hold, peer by peer: what a change costs does not depend on how many nodes
 * there are. Associations and policies do not depend on whether encryption is on: only the datapath's flags do, so
 * switching is one write to a map, and what still arrives encrypted is always understood.
 */
export class NodePlan {
  readonly numbers = new NodeNumbers()
  readonly ipcache = new Ipcache()
  readonly #wire: { readonly device: string; readonly mtu: number }
  readonly #claims = new Claims()
  readonly #peers = new Map<string, Peer>()
  readonly #waiting = new Map<string, PeerPlan>()
  readonly #retaining = new Set<string>()
  readonly #rejected = new Map<string, string>()
  readonly #retried = new Map<string, number>()
  /** Numbers whose node has gone, while the kernel may still hold something of it. */
  readonly #orphaned = new Set<number>()
  /** Who is heard under which SPI. */
  readonly #heard = new Map<number, string>()
  #self: ClusterNode | undefined

  constructor(wire: { readonly device: string; readonly mtu: number }) {
    this.#wire = wire
  }

  /** By name. */
  get peers(): IterableIterator<PeerPlan> {
    return this.#plans()
  }

  peer(name: string): PeerPlan | undefined {
    return this.#peers.get(name)?.plan
  }

  /** The node whose own address it is. */
  nodeAt(address: string): string | undefined {
    return this.#claims.ownerOf(hostPrefix(address))
  }

  /** Peers that packets are dropped for, or leave under earlier keys. */
  get waiting(): Iterable<PeerPlan> {
    return this.#waiting.values()
  }

  /** The nodes on whose next announcement something depends. */
  get attentive(): ReadonlySet<string> {
    return new Set([...this.#waiting.keys(), ...this.#retaining])
  }

  /** Nodes and pods that cannot be as they are described, one sentence each. */
  problems(): string[] {
    return [...this.#rejected.values(), ...this.ipcache.problems()]
  }

  /** Attempts at an SPI that senders need to know of. */
  attempts(): Record<string, number> {
    return Object.fromEntries(this.#retried)
  }

  /** All that are known here, or there. */
  everyNode({ nodes }: ClusterView): Set<string> {
    return new Set([...nodes.keys(), ...this.#peers.keys()])
  }

  /** The blackhole for addresses of this node that no pod has. */
  ownRoutes(self: ClusterNode): RouteOptions[] {
    // An answer that there is no such pod would quote the packet, and the node's own packets are not encrypted.
    const metric = routeMetricOf(localNode)
    return self.podCidrs.map((destination) => ({ destination, type: 'blackhole', metric }))
  }

  update(task: PlanTask): Planned {
    const { view, self } = task
    const names = new Set(task.nodes)
    names.delete(self.name)
    const gone: Gone[] = []
    // Those that go make room for those that come.
    for (const name of names) if (!view.nodes.has(name)) gone.push(...this.#forget(name))
    this.#acceptSelf(task)
    for (const name of names) {
      const node = view.nodes.get(name)
      if (node) gone.push(...this.#accept(node, task))
    }
    for (const name of [...this.#rejected.keys()]) {
      const node = view.nodes.get(name)
      if (!node) this.#rejected.delete(name)
      else if (name !== self.name) {
        gone.push(...this.#accept(node, task))
        if (!this.#rejected.has(name)) names.add(name)
      }
    }
    const name = keyName(view.key)
    const peers: PeerPlan[] = []
    for (const each of names) {
      const peer = this.#peers.get(each)
      if (peer) peers.push(this.#plan(task, name, peer))
    }
    return { peers, gone }
  }

  isNumberOfPeer(number: number): boolean {
    const underlay = this.numbers.underlayOf(number)
    return underlay !== undefined && this.#claims.ownerOf(hostPrefix(underlay)) !== undefined
  }

  /** To be called where the kernel holds something of a node that had gone before this agent started. */
  orphan(number: number): void {
    this.#orphaned.add(number)
  }

  /** To be called once the kernel holds nothing under the number but what is wanted. */
  inherited(number: number): void {
    this.#orphaned.delete(number)
  }

  /** To be called once nothing in the kernel carries the number any more. */
  release(number: number): void {
    this.#orphaned.delete(number)
    if (!this.isNumberOfPeer(number)) this.numbers.release(number)
  }

  *#plans(): Generator<PeerPlan> {
    for (const { plan } of this.#peers.values()) if (plan) yield plan
  }

  #acceptSelf({ self, scope }: PlanTask): void {
    if (this.#self && !sameNode(this.#self, self)) this.ipcache.removeNode(this.#self)
    this.#self = self
    this.#reject(self.name, this.#claims.take(self.name, claimsOf(self)))
    this.ipcache.setNode(self, localNode, scope.hasNode(self) ? { isNodeInScope: true } : {})
  }

  /** @returns what the node was before, where it has another address now. */
  #accept(node: ClusterNode, { view, self }: PlanTask): Gone[] {
    const known = this.#peers.get(node.name)
    if (known && sameNode(known.node, node)) {
      this.#rejected.delete(node.name)
      known.node = node
      return []
    }
    if (familyOf(node.underlay) !== familyOf(self.underlay)) {
      this.#rejected.set(
        node.name,
        `node ${node.name} is at ${node.underlay}, which cannot be reached from ${self.underlay}: the families differ`,
      )
      return []
    }
    if (this.#reject(node.name, this.#claims.take(node.name, claimsOf(node)))) return []
    let gone: Gone[] = []
    if (known) {
      this.ipcache.removeNode(known.node)
      if (known.node.underlay !== node.underlay && known.plan) {
        gone = [{ name: node.name, number: known.plan.number }]
        this.#orphaned.add(known.plan.number)
      }
      known.node = node
    } else {
      // What this agent had announced before it was restarted.
      const attempt = view.announcements.get(self.name)?.attempts[node.name] ?? 0
      this.#peers.set(node.name, { keys: new PairKeys(), node, attempt, plan: undefined })
    }
    return gone
  }

  #reject(name: string, overlap: { prefix: string; owner: string } | undefined): boolean {
    if (overlap)
      this.#rejected.set(
        name,
        `node ${name} claims ${overlap.prefix}, which overlaps what node ${overlap.owner} has`,
      )
    else this.#rejected.delete(name)
    return overlap !== undefined
  }

  #forget(name: string): Gone[] {
    const peer = this.#peers.get(name)
    this.#rejected.delete(name)
    if (!peer) return []
    this.#peers.delete(name)
    this.#claims.release(name)
    this.ipcache.removeNode(peer.node)
    this.#waiting.delete(name)
    this.#retaining.delete(name)
    this.#retried.delete(name)
    this.#unhear(peer)
    if (!peer.plan) return []
    this.#orphaned.add(peer.plan.number)
    return [{ name, number: peer.plan.number }]
  }

  #plan(task: PlanTask, name: string, peer: Peer): PeerPlan {
    const { view, self, life, scope, encrypts, present } = task
    const { node } = peer
    const number = this.numbers.of(node.underlay)
    const theirs = view.lives.get(node.name)
    const here = { underlay: self.underlay, incarnation: life.incarnation }
    const there = theirs && { underlay: node.underlay, incarnation: theirs.incarnation }
    const pair = ({ out }: { out: number }): Pair => {
      const key = (attempt: number) => peer.keys.get(view.key, there!, here, attempt)
      const isTaken = (spi: number) => (task.heard(spi) ?? number) !== number
      const { inbound, attempt } = this.#hear(peer, key, isTaken)
      return { inbound, attempt, outbound: peer.keys.get(view.key, here, there!, out) }
    }
    const plan = planPeer({
      self,
      life,
      key: view.key,
      keyName: name,
      peer: { node, number, life: theirs, said: view.announcements.get(node.name) },
      pair,
      present: present(number),
      isHeir: this.#orphaned.has(number),
      wire: this.#wire,
      routing: view.settings.routing ?? 'native',
      nodeTraffic: { self: scope.hasNode(self), peer: scope.hasNode(node), encrypts },
    })
    peer.plan = plan
    this.ipcache.setNode(node, number, scope.hasNode(node) ? standingOf(plan) : {})
    if (plan.waiting === undefined) this.#waiting.delete(node.name)
    else this.#waiting.set(node.name, plan)
    if (plan.retained.length > 0) this.#retaining.add(node.name)
    else this.#retaining.delete(node.name)
    return plan
  }

  /** The first SPI under which nobody else is heard. The attempt in use stays as long as it is free. */
  #hear(
    peer: Peer,
    key: (attempt: number) => PairKey,
    isTaken: (spi: number) => boolean,
  ): { inbound: PairKey; attempt: number } {
    this.#unhear(peer)
    for (let tried = 0; tried < mostAttempts; tried++) {
      const attempt = (peer.attempt + tried) % mostAttempts
      const inbound = key(attempt)
      if (this.#heard.has(inbound.spi) || isTaken(inbound.spi)) continue
      this.#heard.set(inbound.spi, peer.node.name)
      peer.attempt = attempt
      if (attempt === 0) this.#retried.delete(peer.node.name)
      else this.#retried.set(peer.node.name, attempt)
      return { inbound, attempt }
    }
    throw new RangeError(`no SPI is free for ${peer.node.name}`)
  }

  #unhear({ node, plan }: Peer): void {
    if (plan?.inboundSpi !== undefined && this.#heard.get(plan.inboundSpi) === node.name)
      this.#heard.delete(plan.inboundSpi)
  }
}

function standingOf({ hasKeys, outboundSpi }: PeerPlan): NodeStanding {
  return { isNodeInScope: true, ...(hasKeys ? { spi: outboundSpi! } : { isKeyless: true }) }
}

function claimsOf({ podCidrs, underlay }: ClusterNode): string[] {
  return [...podCidrs, hostPrefix(underlay)]
}

function sameNode(a: ClusterNode, b: ClusterNode): boolean {
  return a.underlay === b.underlay && a.podCidrs.join() === b.podCidrs.join()
}
