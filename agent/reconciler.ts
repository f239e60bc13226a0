import { isDeepStrictEqual } from 'node:util'
import type { Route, Xfrm, XfrmPolicy, XfrmStateOptions } from '@wireproof/netlink'
import type { KeyJournal } from './cluster/journal.ts'
import type {
  Announcement,
  Changes,
  ClusterNode,
  ClusterView,
  DatapathSettings,
  Life,
} from './cluster/state.ts'
import type { ClusterStore } from './cluster/store.ts'
import type { Datapath } from './kernel/datapath.ts'
import { bringOverlay, openOverlay, ownOverlay, removeOverlay } from './kernel/overlay.ts'
import type { LocalPods } from './kernel/pods.ts'
import { type DeviceRoute, RouteTable } from './kernel/routes.ts'
import { SecurityMirror } from './kernel/security-mirror.ts'
import { bringSettlingRules } from './kernel/settling-rules.ts'
import { requireSuite } from './kernel/suite-probe.ts'
import { compareSecurity, type SecurityDifference } from './kernel/xfrm.ts'
import { mustBeginAnew } from './keys/incarnation.ts'
import { keyName } from './keys/key-name.ts'
import { isWornOut, suiteOf } from './keys/suite.ts'
import type { Log } from './log.ts'
import type { WithoutEsp } from './options.ts'
import { joinDifferences } from './plan/difference.ts'
import { NodePlan, type Planned } from './plan/node-plan.ts'
import type { Routing } from './plan/overlay.ts'
import { settlingTable } from './plan/ownership.ts'
import { familyOf } from './plan/prefix.ts'
import { Retirement } from './plan/retirement.ts'
import { nameOfPolicy, nameOfState, sameState } from './plan/security.ts'
import { nextDatapath, type Transition } from './plan/transition.ts'
import type { PodChange, PolicyEnforcement } from './policy/enforcement.ts'
import { AgentProblem } from './problem.ts'
import { CurrentScope } from './scope/current-scope.ts'

/** What one pass came to. */
export interface Outcome {
  readonly datapath: DatapathSettings
  /** Why this kernel cannot encrypt: what is protected is held back then. */
  readonly obstacle?: AgentProblem
  /** Why the kernel is not yet what the cluster asks for; empty when it is. */
  readonly waiting: readonly string[]
  /** What is wrong with the cluster as it is described. */
  readonly problems: readonly string[]
  /** What others have in the kernel that may get in the way. */
  readonly trespasses: readonly string[]
  /** What this kernel cannot do that some traffic needs. */
  readonly shortcomings: readonly string[]
  /** Milliseconds after which another pass is due even if nothing changes. */
  readonly again: number | undefined
}

export interface Surroundings {
  readonly node: string
  readonly wire: string
  /** What the command line decides over the cluster's settings. */
  readonly decided: { readonly encryptL3: boolean | undefined; readonly strict: boolean | undefined }
  /** Milliseconds after which the node gives itself new keys. */
  readonly rekeyAfter: number | undefined
  /** What to do in a kernel that cannot encrypt: end, or guard the node all the same. */
  readonly withoutEsp: WithoutEsp
  readonly store: ClusterStore
  readonly journal: KeyJournal
  readonly xfrm: Xfrm
  readonly route: Route
  readonly datapath: Datapath
  readonly policies: Pick<PolicyEnforcement, 'update'>
  readonly pods: LocalPods
  readonly log: Log
}

/** How long, in milliseconds, a change of the settings waits for nodes that do not follow. */
const transitionPatience = 3000

/**
 * Makes the kernel match the cluster, one pass at a time. A thorough pass reads both, whatever changed, and repairs all
 * that differs; any other looks at what is said to have changed, and costs no more than that, however many nodes there are.
 * A pass begins nothing that it does not end, except what must wait for another node.
 */
export class Reconciler {
  readonly plan: NodePlan
  readonly #around: Surroundings
  readonly #security: SecurityMirror
  readonly #routes: RouteTable
  readonly #retirement = new Retirement()
  /** Numbers of which the kernel still holds something although they are no peer's any more. */
  readonly #leaving = new Set<number>()
  readonly #peerRoutes = new Map<string, readonly DeviceRoute[]>()
  #datapath: DatapathSettings | undefined
  /** Index of the VXLAN device; unknown before the first pass. */
  #overlay: number | 'none' | undefined
  #life: Life | undefined
  /** This node, as the cluster describes it. */
  #described: ClusterNode | undefined
  #changingSince: number | undefined
  #localRoutes: readonly DeviceRoute[] = []
  readonly #scope = new CurrentScope()
  #scopeProblems: readonly string[] = []
  /** What decides about nodes' own traffic and the way of pods', as text. */
  #nodeTraffic = ''
  /** What the pass that is under way, or that failed, has read and not yet brought into force. */
  #unfinished = true

  constructor(around: Surroundings) {
    const { wire, route, xfrm } = around
    this.#around = around
    this.plan = new NodePlan({ device: wire, mtu: route.link(wire).mtu })
    this.#security = new SecurityMirror(xfrm)
    this.#routes = new RouteTable(route)
  }

  /** @param now milliseconds of a clock that does not jump. */
  pass(now: number, thorough: boolean): Outcome {
    const { store, datapath, policies, pods, journal } = this.#around
    const everything = thorough || this.#unfinished || this.#overlayIsGone()
    this.#unfinished = true
    this.#rekeyByAge()
    const changes = store.refresh(everything)
    const { life, changedLife } = this.#ownLife(store)
    const { view } = store
    const self = this.#self(view)
    const obstacle = this.#obstacle(view)
    const transition = this.#transition(view, now)
    const scope = this.#scope.update(view)
    const changedNodeTraffic = this.#nodeTrafficChanged(transition.datapath)
    const isFull =
      everything ||
      changes.everything ||
      changedLife ||
      changedNodeTraffic ||
      !isDeepStrictEqual(self, this.#described)
    this.#described = self
    if (everything) this.#reload(self, now)
    const planned = this.#planned(self, life, transition.datapath, isFull ? undefined : changes.nodes)
    this.#bury(planned)

    // Who may talk to a pod knows it before it can be talked to.
    policies.update(view, isFull ? undefined : this.#podChanges(changes))
    // What must be protected is known before anything can be sent to it.
    if (scope) this.plan.ipcache.setScope(scope)
    this.#judgeScope(changes, isFull || scope !== undefined)
    this.#knowPods(changes, isFull)
    const addresses = this.plan.ipcache.changes()
    datapath.exempt(this.#scope.scope.hasNode(self) ? this.#scope.scope.exempt : [])
    datapath.knowServices(view.services.values())
    datapath.addEntries(addresses.set)
    this.#configure(transition.datapath, view.settings.routing ?? 'native')
    datapath.attachWire()
    const overlay = view.settings.routing === 'vxlan' ? this.#bringOverlay(self) : undefined
    pods.adopt(self, view.pods)

    const difference = obstacle ? nothingDiffers : this.#difference(planned, everything)
    journal.willUse(
      [...difference.states.add, ...difference.states.change.map(({ to }) => to)].map(
        (state) => state.fingerprint,
      ),
    )
    this.#security.add(difference)
    if (everything) bringSettlingRules(this.#around.route)
    this.#wantRoutes(self, planned, overlay)
    this.#routes.add()
    // Others send to whom they have heard.
    if (!obstacle) this.#announce(view, life)

    this.#routes.removeUnwanted()
    this.#security.deletePolicies(difference.policies.remove)
    if (overlay === undefined) this.#removeOverlay()
    const retiring = this.#retire(planned, difference.states.remove, now)
    datapath.removeEntries(addresses.remove)
    this.plan.ipcache.settle()
    if (everything && !obstacle) this.#security.adopt(planned.peers)
    store.listen(transition.waiting === undefined ? this.plan.attentive : 'all')
    this.#unfinished = obstacle !== undefined
    return {
      datapath: transition.datapath,
      problems: [...view.problems, ...this.plan.problems(), ...this.#scopeProblems],
      trespasses: this.#security.trespasses,
      shortcomings: this.#routes.hasPrograms ? [] : [withoutRoutePrograms],
      ...(obstacle && { obstacle }),
      waiting: [
        ...(obstacle ? [obstacle.message] : []),
        ...(transition.waiting ? [transition.waiting] : []),
        ...Array.from(this.plan.waiting, ({ node, waiting }) => `${node.name}: ${waiting}`),
      ],
      again: this.#again(retiring || transition.waiting !== undefined),
    }
  }

  /** Why this kernel cannot encrypt; undefined when it can. @throws AgentProblem ENOESP where the node is not to be guarded then. */
  #obstacle({ key }: ClusterView): AgentProblem | undefined {
    try {
      requireSuite(this.#around.xfrm, key.suite)
      return undefined
    } catch (error) {
      if (this.#around.withoutEsp === 'guard' && error instanceof AgentProblem && error.code === 'ENOESP')
        return error
      throw error
    }
  }

  /** New keys for all that this node sends and is sent: the peers move to them as to those of a node that has just started. */
  #rekeyByAge(): void {
    const { journal, rekeyAfter, log } = this.#around
    if (rekeyAfter === undefined || journal.age < rekeyAfter) return
    journal.beginAnew()
    log('info', 'new-incarnation', { why: 'its keys are as old as they may become' })
  }

  #again(isUnderWay: boolean): number | undefined {
    const { journal, rekeyAfter } = this.#around
    const due = [
      ...(isUnderWay ? [Retirement.delay] : []),
      ...(rekeyAfter === undefined ? [] : [Math.max(0, rekeyAfter - journal.age)]),
    ]
    return due.length === 0 ? undefined : Math.min(...due)
  }

  /** The node's own life, published if it is not yet. */
  #ownLife(store: ClusterStore): { life: Life; changedLife: boolean } {
    const { node, journal } = this.#around
    const { incarnation } = journal.journal
    const published = store.view.lives.get(node)
    if (published?.incarnation !== incarnation) {
      store.publishLife(node, incarnation)
      store.refresh(true)
    }
    const life = store.view.lives.get(node)!
    const changedLife = life.incarnation !== this.#life?.incarnation || life.revision !== this.#life.revision
    this.#life = life
    return { life, changedLife }
  }

  #self(view: ClusterView): ClusterNode {
    const { node } = this.#around
    const self = view.nodes.get(node)
    if (self) return self
    throw new AgentProblem(
      'ENONODE',
      4,
      `node ${node} is not in the cluster store`,
      `Write nodes/${node}.json.`,
    )
  }

  /** Reads what is ours in the kernel, whoever was in it since. */
  #reload(self: ClusterNode, now: number): void {
    const nodes = new Set(Array.from(this.#around.store.view.nodes.values(), ({ underlay }) => underlay))
    this.#security.reload((address) => nodes.has(address))
    this.#routes.reload()
    for (const number of this.#security.numbers()) {
      const { states, policies } = this.#security.of(number)
      const underlay = [...states, ...policies.map(({ template }) => template!)]
        .flatMap(({ source, destination }) => [source, destination])
        .find((address) => address !== self.underlay)
      // Of one that is not its node's number nothing is wanted: it goes with what has no node.
      if (underlay !== undefined) this.plan.numbers.adopt(number, underlay)
    }
    this.#retirement.sample(this.#security.states(), now)
  }

  /** Plans, and plans once more where that would bring back a key that has been in the kernel before. */
  #planned(
    self: ClusterNode,
    life: Life,
    { encryptL3 }: DatapathSettings,
    names: ReadonlySet<string> | undefined,
  ): Planned {
    const { journal, log, store } = this.#around
    const task = (own: Life, nodes: Iterable<string>) => ({
      view: store.view,
      self,
      life: own,
      scope: this.#scope.scope,
      encrypts: encryptL3,
      nodes,
      present: (number: number) => this.#security.of(number),
      heard: (spi: number) => this.#security.heardBy(self.underlay, spi),
    })
    const first = this.plan.update(task(life, names ?? this.plan.everyNode(store.view)))
    if (!this.#mustBeginAnew(first)) return first
    journal.beginAnew()
    log('warn', 'new-incarnation', { why: 'associations are gone from the kernel, or worn out' })
    const { life: next } = this.#ownLife(store)
    const second = this.plan.update(task(next, this.plan.everyNode(store.view)))
    return { peers: second.peers, gone: [...first.gone, ...second.gone] }
  }

  #mustBeginAnew({ peers }: Planned): boolean {
    const { journal } = this.#around.journal
    // A key that nobody has used is no reason: of thousands of peers there is nothing to be looked at then.
    const usedBefore = peers.flatMap(({ number, states }) => {
      const used = states.filter(({ fingerprint }) => journal.used.has(fingerprint))
      return used.length > 0 ? [{ number, states: used }] : []
    })
    const wanted = usedBefore.flatMap(({ states }) => states)
    const inUse = usedBefore.flatMap(({ number, states }) => {
      const present = this.#security.of(number).states
      return states.flatMap((state) => {
        const same = present.find(
          ({ destination, spi }) => destination === state.destination && spi === state.spi,
        )
        if (!same || !sameState(state, same)) return []
        const suite = suiteOf(same)
        const isWorn = suite !== undefined && same.lifetime !== undefined && isWornOut(suite, same.lifetime)
        return [{ fingerprint: state.fingerprint, isWornOut: isWorn }]
      })
    })
    return mustBeginAnew(
      journal,
      wanted.map(({ fingerprint }) => fingerprint),
      inUse,
    )
  }

  /** Whether other nodes' own traffic is to be encrypted than before, or pods' traffic takes another way. */
  #nodeTrafficChanged({ encryptL3 }: DatapathSettings): boolean {
    const before = this.#nodeTraffic
    const { routing } = this.#around.store.view.settings
    this.#nodeTraffic = `${encryptL3} ${routing} ${this.#scope.scope.nodesText}`
    return this.#nodeTraffic !== before
  }

  #judgeScope({ pods, nodes }: Changes, isFull: boolean): void {
    const { view } = this.#around.store
    if (isFull || pods.size > 0 || nodes.size > 0) this.#scopeProblems = this.#scope.scope.problems(view)
  }

  /** To be asked for before they are known. */
  #podChanges({ pods }: Changes): PodChange[] {
    const { view } = this.#around.store
    return Array.from(pods, (name) => ({ before: this.plan.ipcache.pod(name), after: view.pods.get(name) }))
  }

  #knowPods({ pods }: Changes, isFull: boolean): void {
    const { view } = this.#around.store
    const { ipcache } = this.plan
    ipcache.setRanges(view.settings.clusterCidrs)
    if (isFull) ipcache.setPods(view.pods)
    else {
      // Those that go make room for those that come.
      for (const name of pods) if (!view.pods.has(name)) ipcache.removePod(name)
      for (const name of pods) {
        const pod = view.pods.get(name)
        if (pod) ipcache.setPod(pod)
      }
    }
    ipcache.settleConflicts()
  }

  #transition(view: ClusterView, now: number): Transition {
    const { decided, node } = this.#around
    const settings = {
      encryptL3: decided.encryptL3 ?? view.settings.encryptL3,
      strict: decided.strict ?? view.settings.strict,
    }
    const peers = () =>
      [...view.announcements].flatMap(([name, said]) =>
        name === node || !view.nodes.has(name) ? [] : [said.datapath],
      )
    const patient = this.#changingSince === undefined || now - this.#changingSince < transitionPatience
    const transition = nextDatapath(settings, this.#datapath, peers, patient)
    this.#changingSince = transition.waiting ? (this.#changingSince ?? now) : undefined
    return transition
  }

  /** @returns the index of the device, which carries what is sent through it from now on. */
  #bringOverlay({ underlay }: ClusterNode): number {
    const { route, datapath, wire } = this.#around
    const device = bringOverlay(route, { mtu: route.link(wire).mtu, family: familyOf(underlay) })
    datapath.attachOverlay(device.index)
    openOverlay(route, device)
    this.#overlay = device.index
    return device.index
  }

  /** Left by what this agent was told before, or by an earlier life of it. */
  #removeOverlay(): void {
    if (this.#overlay === 'none') return
    this.#around.datapath.forgetOverlay()
    removeOverlay(this.#around.route)
    this.#overlay = 'none'
  }

  /** With it have gone its routes, of which nobody tells. */
  #overlayIsGone(): boolean {
    return typeof this.#overlay === 'number' && ownOverlay(this.#around.route)?.index !== this.#overlay
  }

  #configure(settings: DatapathSettings, routing: Routing): void {
    const { datapath, log } = this.#around
    const before = this.#datapath
    datapath.configure({ ...settings, overlay: routing === 'vxlan' })
    this.#datapath = settings
    if (before?.encryptL3 !== settings.encryptL3 || before?.strict !== settings.strict)
      log('info', 'datapath', { ...settings })
  }

  #difference({ peers, gone }: Planned, everything: boolean): SecurityDifference {
    for (const { number } of gone) this.#leaving.add(number)
    if (everything)
      for (const number of this.#security.numbers())
        if (!this.plan.isNumberOfPeer(number)) {
          this.#leaving.add(number)
          this.plan.orphan(number)
        }
    for (const { number } of peers) this.#leaving.delete(number)
    const differences = [
      ...peers.map((peer) => compareSecurity(peer, this.#security.of(peer.number))),
      ...Array.from(this.#leaving, (number) => compareSecurity(nothing, this.#security.of(number))),
    ]
    return {
      states: joinDifferences(differences.map(({ states }) => states)),
      policies: this.#withoutHandedOn(joinDifferences(differences.map(({ policies }) => policies))),
    }
  }

  /** Where pods' addresses go from one node to another, the policy that leads to the one takes the place of the other's. */
  #withoutHandedOn(policies: SecurityDifference['policies']): SecurityDifference['policies'] {
    if (policies.remove.length === 0) return policies
    const wanted = new Set([...policies.add, ...policies.change.map(({ to }) => to)].map(nameOfPolicy))
    const [handedOn, remove] = [true, false].map((isWanted) =>
      policies.remove.filter((policy) => wanted.has(nameOfPolicy(policy)) === isWanted),
    ) as [XfrmPolicy[], XfrmPolicy[]]
    this.#security.forgetPolicies(handedOn)
    return { ...policies, remove }
  }

  /** What a node left behind whose address another has now goes before anything is known of the other's pods. */
  #bury({ peers }: Planned): void {
    for (const { number, states, isHeir } of peers) {
      if (!isHeir) continue
      const wanted = new Set(states.map(nameOfState))
      const others = this.#security.of(number).states.filter((state) => !wanted.has(nameOfState(state)))
      for (const state of others) this.#retirement.cancel(state)
      this.#security.deleteStates(others)
      this.plan.inherited(number)
    }
  }

  #wantRoutes(self: ClusterNode, { peers, gone }: Planned, overlay: number | undefined): void {
    const { route, pods, wire, datapath } = this.#around
    const device = overlay ?? route.link(wire).index
    const settling = { table: settlingTable, program: datapath.routeProgram }
    const local = [...this.plan.ownRoutes(self), ...pods.routes()] as DeviceRoute[]
    this.#routes.unwant(this.#localRoutes)
    for (const { name } of gone) {
      this.#routes.unwant(this.#peerRoutes.get(name) ?? [])
      this.#peerRoutes.delete(name)
    }
    this.#routes.want(local)
    this.#localRoutes = local
    for (const { node, routes } of peers) {
      const onDevice = routes.flatMap((each) => [
        { ...each, device },
        // In VXLAN the device has the program.
        ...(overlay === undefined ? [{ ...each, device, ...settling }] : []),
      ])
      this.#routes.unwant(this.#peerRoutes.get(node.name) ?? [])
      this.#routes.want(onDevice)
      this.#peerRoutes.set(node.name, onDevice)
    }
  }

  /** Tells the others what is in force here now; called only after it is. */
  #announce(view: ClusterView, life: Life): void {
    const { node, store } = this.#around
    const slow = Array.from(this.plan.waiting, ({ life }) => life?.revision ?? Number.POSITIVE_INFINITY)
    const announcement: Announcement = {
      incarnation: life.incarnation,
      key: keyName(view.key),
      receives: view.revision,
      sends: slow.reduce((least, revision) => Math.min(least, revision - 1), view.revision),
      attempts: this.plan.attempts(),
      datapath: this.#datapath!,
    }
    const before = view.announcements.get(node)
    if (JSON.stringify(before) !== JSON.stringify(announcement)) store.announce(node, announcement)
  }

  /** @returns whether there is something left to retire later. */
  #retire({ peers }: Planned, unwanted: readonly XfrmStateOptions[], now: number): boolean {
    const kept = new Set(peers.flatMap(({ retained }) => retained))
    if (this.#retirement.isPending)
      for (const state of [...kept, ...peers.flatMap(({ states }) => states)]) this.#retirement.cancel(state)
    for (const state of unwanted)
      if (!kept.has(state) || this.#retirement.isQuiet(state, now)) this.#retirement.begin(state, now)
    this.#security.deleteStates(this.#retirement.due(now).filter((state) => this.#security.has(state)))
    for (const number of this.#leaving) {
      if (this.#security.of(number).states.length > 0) continue
      this.#leaving.delete(number)
      this.plan.release(number)
    }
    return this.#retirement.isPending
  }
}

const withoutRoutePrograms =
  'this kernel takes no programs on routes (CONFIG_LWTUNNEL_BPF): services do not lead to pods of other nodes'
const nothing = { states: [], policies: [] }
const nothingDiffers: SecurityDifference = {
  states: { add: [], change: [], remove: [] },
  policies: { add: [], change: [], remove: [] },
}
