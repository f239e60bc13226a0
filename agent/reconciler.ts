import type { Route, Xfrm, XfrmState } from '@wireproof/netlink'
import type { FileStore } from './cluster/files.ts'
import type { JournalFile } from './cluster/journal.ts'
import type { Announcement, ClusterNode, ClusterState, Settings } from './cluster/state.ts'
import type { Datapath } from './kernel/datapath.ts'
import type { LocalPods } from './kernel/pods.ts'
import { applyRoutes, compareRoutes, ownRoutes, removeRoutes } from './kernel/routes.ts'
import { addSecurity, compareSecurity, type PresentSecurity, readSecurity } from './kernel/xfrm.ts'
import { type KeyInUse, mustBeginAnew } from './keys/incarnation.ts'
import { PairKeys } from './keys/pair-key.ts'
import type { Log } from './log.ts'
import type { PeerPlan } from './plan/peer.ts'
import { type Plan, planNode } from './plan/plan.ts'
import { nameOfState, sameState } from './plan/security.ts'
import { nextDatapath } from './plan/transition.ts'
import { AgentProblem } from './problem.ts'

/** What one pass came to. */
export interface Outcome {
  readonly datapath: Settings
  readonly peers: readonly PeerPlan[]
  readonly nodes: ClusterState['nodes']
  readonly pods: ClusterState['pods']
  /** Id of the cluster key. */
  readonly keyId: number
  /** Why the kernel is not yet what the cluster asks for; empty when it is. */
  readonly waiting: readonly string[]
  /** What is wrong with the cluster store. */
  readonly problems: readonly string[]
  /** Milliseconds after which another pass is due even if nothing changes. */
  readonly again: number | undefined
}

export interface Surroundings {
  readonly node: string
  readonly wire: string
  /** What the command line decides over the cluster's settings. */
  readonly decided: { readonly encryptL3: boolean | undefined; readonly strict: boolean | undefined }
  readonly store: FileStore
  readonly journal: JournalFile
  readonly xfrm: Xfrm
  readonly route: Route
  readonly datapath: Datapath
  readonly pods: LocalPods
  readonly log: Log
}

/** How long, in milliseconds, an association that nobody needs any more still decrypts what is on its way. */
const retirement = 1000
/** How long, in milliseconds, a change of the settings waits for nodes that do not follow. */
const transitionPatience = 3000

/**
 * Makes the kernel match the cluster, one pass at a time. A pass reads both, whatever changed, and repairs all that
 * differs; it begins nothing that it does not end, except what must wait for another node.
 */
export class Reconciler {
  readonly #around: Surroundings
  readonly #keys = new PairKeys()
  readonly #unwantedSince = new Map<string, number>()
  #datapath: Settings | undefined
  #changingSince: number | undefined

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** @param now milliseconds of a clock that does not jump. */
  pass(now: number): Outcome {
    const { store, xfrm, datapath, pods } = this.#around
    const cluster = store.read()
    const self = this.#self(cluster)
    const present = readSecurity(xfrm)
    const plan = this.#plan(cluster, self, present)

    // What must be protected is known before anything can be sent to it.
    datapath.addEntries(plan.ipcache)
    const transition = this.#configure(cluster, self, now)
    datapath.attachWire()
    pods.adopt(self, cluster.pods)

    const difference = compareSecurity(plan, present)
    this.#announceIncarnation(cluster)
    this.#around.journal.willUse(
      [...difference.states.add, ...difference.states.change.map(({ to }) => to)].map(
        (state) => state.fingerprint,
      ),
    )
    addSecurity(xfrm, difference)
    const routes = this.#compareRoutes(plan)
    applyRoutes(this.#around.route, routes)
    this.#announce(cluster, plan)

    removeRoutes(this.#around.route, routes)
    xfrm.deletePolicies(difference.policies.remove)
    const retiring = this.#retire(plan, difference.states.remove, now)
    datapath.removeEntriesBut(plan.ipcache)
    return {
      datapath: transition.datapath,
      peers: plan.peers,
      nodes: cluster.nodes,
      pods: cluster.pods,
      keyId: cluster.key.id,
      problems: cluster.problems,
      waiting: [
        ...(transition.waiting ? [transition.waiting] : []),
        ...plan.peers.flatMap(({ node, waiting }) => (waiting ? [`${node.name}: ${waiting}`] : [])),
      ],
      again: retiring || transition.waiting ? retirement : undefined,
    }
  }

  #self(cluster: ClusterState): ClusterNode {
    const { node } = this.#around
    const self = cluster.nodes.find(({ name }) => name === node)
    if (self) return self
    throw new AgentProblem(
      'ENONODE',
      4,
      `node ${node} is not in the cluster store`,
      `Write nodes/${node}.json.`,
    )
  }

  /** Plans, and plans once more where that would bring back a key that has been in the kernel before. */
  #plan(cluster: ClusterState, self: ClusterNode, present: PresentSecurity): Plan {
    const { journal, log, route, wire } = this.#around
    const plan = () =>
      planNode({
        self,
        incarnation: journal.journal.incarnation,
        cluster,
        keys: this.#keys,
        presentStates: present.states,
        presentPolicies: present.policies,
        wire: { device: wire, mtu: route.link(wire).mtu },
      })
    const first = plan()
    const wanted = first.states.map((state) => state.fingerprint)
    if (!mustBeginAnew(journal.journal, wanted, keysInUse(first, present.states))) return first
    journal.beginAnew()
    log('warn', 'new-incarnation', { why: 'associations are gone from the kernel, or worn out' })
    return plan()
  }

  #configure(cluster: ClusterState, self: ClusterNode, now: number) {
    const { decided, datapath, node, log } = this.#around
    const settings = {
      encryptL3: decided.encryptL3 ?? cluster.settings.encryptL3,
      strict: decided.strict ?? cluster.settings.strict,
    }
    const peers = cluster.nodes.flatMap(({ name }) => {
      const said = name === node ? undefined : cluster.announcements.get(name)
      return said ? [said.datapath] : []
    })
    const patient = this.#changingSince === undefined || now - this.#changingSince < transitionPatience
    const transition = nextDatapath(settings, this.#datapath, peers, patient)
    this.#changingSince = transition.waiting ? (this.#changingSince ?? now) : undefined
    const before = this.#datapath
    datapath.configure({ ...transition.datapath, nodeId: self.id })
    this.#datapath = transition.datapath
    if (before?.encryptL3 !== this.#datapath.encryptL3 || before?.strict !== this.#datapath.strict)
      log('info', 'datapath', { ...this.#datapath })
    return transition
  }

  #announceIncarnation(cluster: ClusterState): void {
    const { node, store, journal } = this.#around
    const { incarnation } = journal.journal
    if (cluster.incarnations.get(node) !== incarnation) store.writeIncarnation(node, incarnation)
  }

  /** Tells the others what is in force here now; called only after it is. */
  #announce(cluster: ClusterState, plan: Plan): void {
    const { node, store, journal } = this.#around
    const known = plan.peers.flatMap((peer) =>
      peer.incarnation === undefined ? [] : [{ ...peer, incarnation: peer.incarnation }],
    )
    const byName = (peers: typeof known) =>
      Object.fromEntries(peers.map((peer) => [peer.node.name, peer.incarnation]))
    const announcement: Announcement = {
      incarnation: journal.journal.incarnation,
      key: cluster.key.id,
      receives: byName(known),
      sends: byName(known.filter((peer) => peer.waiting === undefined)),
      datapath: this.#datapath!,
    }
    const before = cluster.announcements.get(node)
    if (JSON.stringify(before) !== JSON.stringify(announcement)) store.writeAnnouncement(node, announcement)
  }

  #compareRoutes(plan: Plan) {
    const { route, pods, wire } = this.#around
    const device = route.link(wire).index
    const planned = plan.routes.map(({ device: named, ...each }) =>
      named === undefined ? each : { ...each, device },
    )
    const desired = [...planned, ...pods.routes()]
    return compareRoutes(desired, ownRoutes(route))
  }

  /** @returns whether there is something left to retire later. */
  #retire(plan: Plan, unwanted: readonly XfrmState[], now: number): boolean {
    const retained = new Set(plan.peers.flatMap((peer) => peer.retained.map(nameOfState)))
    const retiring = unwanted.filter((state) => !retained.has(nameOfState(state)))
    const names = new Set(retiring.map(nameOfState))
    for (const name of this.#unwantedSince.keys()) if (!names.has(name)) this.#unwantedSince.delete(name)
    for (const name of names) if (!this.#unwantedSince.has(name)) this.#unwantedSince.set(name, now)
    const due = retiring.filter((state) => now - this.#unwantedSince.get(nameOfState(state))! >= retirement)
    this.#around.xfrm.deleteStates(due)
    return due.length < retiring.length
  }
}

function keysInUse(plan: Plan, present: readonly XfrmState[]): KeyInUse[] {
  const byName = new Map(present.map((state) => [nameOfState(state), state]))
  return plan.states.flatMap((wanted) => {
    const state = byName.get(nameOfState(wanted))
    if (!state || !sameState(wanted, state)) return []
    return [{ fingerprint: wanted.fingerprint, packets: state.lifetime.packets }]
  })
}
