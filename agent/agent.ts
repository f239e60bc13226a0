import type { Ring } from '@wireproof/libbpf'
import { openRoute, openXfrm, type Route, watch, type Xfrm, type XfrmState } from '@wireproof/netlink'
import { type AgentStatus, type FlowVerdict, flowVerdicts, type PodAttachment } from './api.ts'
import { FileStore } from './cluster/files.ts'
import { JournalFile } from './cluster/journal.ts'
import type { ClusterNode } from './cluster/state.ts'
import type { ObserverSource } from './hubble/source.ts'
import { Datapath } from './kernel/datapath.ts'
import { LocalPods } from './kernel/pods.ts'
import { readSecurity, requireEsp } from './kernel/xfrm.ts'
import type { Log } from './log.ts'
import type { AgentMetrics } from './metrics/metrics.ts'
import { epochOffset, FlowNarrator } from './monitor/flow.ts'
import { type Health, healthOf, readinessOf } from './monitor/health.ts'
import { FlowHistory } from './monitor/history.ts'
import {
  associationsOf,
  epochsOf,
  keyStatus,
  peerStatuses,
  sequenceStatus,
  suiteOf,
} from './monitor/peer-status.ts'
import type { Served } from './monitor/server.ts'
import type { Options } from './options.ts'
import { type Outcome, Reconciler } from './reconciler.ts'

/** Everything is looked at again this often, in milliseconds, also when nobody said that it changed. */
const resyncInterval = 5000
/** A pass that failed is tried again after this many milliseconds. */
const retryInterval = 500
/** Changes in the kernel closer together than this, in milliseconds, are repaired in one pass. */
const debounce = 5
/** How often, in milliseconds, it is asked whether the datapath has lost events. */
const lossInterval = 1000
/** Policies of these prefix lengths (local, remote) and longer are found by hash: their own are /0 or /24 to /24. */
const hashThresholds = [0, 16] as const

/** Keeps one node's kernel what the cluster store says it should be, and answers what it is. */
export class Agent implements Served, ObserverSource {
  readonly #options: Options
  readonly #log: Log
  readonly #store: FileStore
  readonly #xfrm: Xfrm
  readonly #route: Route
  readonly #datapath: Datapath
  readonly #pods: LocalPods
  readonly #reconciler: Reconciler
  readonly #narrator: FlowNarrator
  readonly #history = new FlowHistory()
  readonly #started = new Date()
  readonly #told = Object.fromEntries(flowVerdicts.map((verdict) => [verdict, 0])) as Record<
    FlowVerdict,
    number
  >
  readonly #lost = { ring: 0, reader: 0 }
  #ring: Ring | undefined
  #metrics: AgentMetrics | undefined
  readonly #passListeners = new Set<() => void>()
  #outcome: Outcome | undefined
  #failure: string | undefined
  #lastPass = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** Loads the datapath; nothing is in force before start(). @throws AgentProblem */
  constructor(options: Options, log: Log) {
    this.#options = options
    this.#log = log
    this.#store = new FileStore(options.cluster)
    this.#xfrm = openXfrm()
    this.#route = openRoute()
    requireEsp(this.#xfrm)
    this.#xfrm.setHashThresholds({ ipv4: hashThresholds })
    this.#datapath = new Datapath(this.#route.link(options.wire).index)
    this.#pods = new LocalPods(this.#route, this.#datapath)
    this.#narrator = new FlowNarrator(options.node, epochOffset())
    this.#reconciler = new Reconciler({
      node: options.node,
      wire: options.wire,
      decided: { encryptL3: options.encryptL3, strict: options.strict },
      store: this.#store,
      journal: new JournalFile(options.cluster, options.node),
      xfrm: this.#xfrm,
      route: this.#route,
      datapath: this.#datapath,
      pods: this.#pods,
      log,
    })
  }

  /** Makes the first pass, which must succeed: after it the node is guarded. Then keeps it so. @throws AgentProblem */
  start(): void {
    this.#pass()
    const soon = () => this.#schedule(debounce)
    this.#store.watch(() => this.#run(), this.#complain('store'))
    watch('xfrm', soon, this.#complain('xfrm'))
    watch('links', soon, this.#complain('links'))
    this.#ring = this.#datapath.watchFlows((event) => {
      const flow = this.#narrator.tell(event)
      this.#told[flow.verdict]++
      this.#history.append(flow)
    }, this.#complain('flows'))
    setInterval(() => this.#noticeLosses(), lossInterval)
    // What was written while the watches were being set up is read here.
    this.#run()
  }

  get node(): string {
    return this.#options.node
  }

  status(): AgentStatus {
    return this.#describe(readSecurity(this.#xfrm).states)
  }

  history(): FlowHistory {
    this.#ring?.consume()
    this.#noticeLosses()
    return this.#history
  }

  told(): number {
    return Object.values(this.#told).reduce((sum, count) => sum + count, 0)
  }

  nodes(): readonly ClusterNode[] {
    return this.#outcome!.nodes
  }

  lostToReader(count: number): void {
    this.#lost.reader += count
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    const { AgentMetrics } = await import('./metrics/metrics.ts')
    this.#metrics ??= new AgentMetrics(this.#options.node)
    const { states } = readSecurity(this.#xfrm)
    return this.#metrics.expose({
      status: this.#describe(states),
      associations: associationsOf(this.#outcome!.peers, states),
      refused: this.#xfrm.statistics(),
      told: this.#told,
      lost: this.#lost,
      hasFailed: this.#failure !== undefined,
    })
  }

  health(): Health {
    return healthOf(performance.now(), this.#lastPass, () => this.#route.link('lo'))
  }

  readiness(): Health {
    const waiting = this.#failure === undefined ? this.#outcome!.waiting : []
    return readinessOf({ datapath: this.#datapath.missing(), failure: this.#failure, waiting })
  }

  putPod(name: string, pod: PodAttachment): void {
    const { nodes, pods } = this.#store.read()
    const self = nodes.find((node) => node.name === this.#options.node)
    if (!self) throw new Error(`node ${this.#options.node} is not in the cluster store`)
    // Its own address must be known before its first packet.
    this.#pass()
    this.#pods.put(self, name, pod)
    this.#narrator.know({ nodes, pods, epochs: epochsOf(this.#outcome!.peers) })
    this.#log('info', 'pod-guarded', { pod: name, ...pod })
  }

  deletePod(name: string): boolean {
    const deleted = this.#pods.delete(name)
    if (deleted) this.#log('info', 'pod-released', { pod: name })
    return deleted
  }

  /** Reads the store as it is now, and waits until the kernel matches it, at most `patience` milliseconds. */
  async settled(patience: number): Promise<{ settled: boolean; waiting: readonly string[] }> {
    this.#run()
    const deadline = performance.now() + patience
    while (!this.#settled() && performance.now() < deadline)
      await this.#nextPass(deadline - performance.now())
    return { settled: this.#settled(), waiting: this.#waiting() }
  }

  #describe(states: readonly XfrmState[]): AgentStatus {
    const outcome = this.#outcome!
    this.#noticeLosses()
    const problem = this.#failure ?? outcome.problems[0]
    const suite = suiteOf(states)
    return {
      node: this.#options.node,
      pid: process.pid,
      started: this.#started.toISOString(),
      ...(suite === undefined ? {} : { suite }),
      ...outcome.datapath,
      settled: this.#settled(),
      waiting: this.#waiting(),
      ...(problem === undefined ? {} : { problem }),
      problems: outcome.problems,
      key: keyStatus(outcome.keyId, states),
      peers: peerStatuses(outcome.peers, states),
      pods: this.#pods.names(),
      counters: this.#datapath.counters(),
      sequence: sequenceStatus(states),
      refused: notZero(this.#xfrm.statistics()),
      events: {
        told: this.told(),
        remembered: this.#history.size,
        lost: this.#lost.ring + this.#lost.reader,
      },
    }
  }

  #settled(): boolean {
    return this.#waiting().length === 0
  }

  #waiting(): readonly string[] {
    return this.#failure === undefined ? this.#outcome!.waiting : [this.#failure]
  }

  #nextPass(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#passListeners.delete(done)
        resolve()
      }
      const timer = setTimeout(done, patience)
      this.#passListeners.add(done)
    })
  }

  /** A pass whose failure is reported and tried again. */
  #run(): void {
    this.#lastPass = performance.now()
    try {
      this.#pass()
      if (this.#failure !== undefined) this.#log('info', 'recovered')
      this.#failure = undefined
      this.#schedule(this.#outcome!.again ?? resyncInterval)
    } catch (error) {
      const { message, remedy } = error as Error & { remedy?: string }
      if (this.#failure !== message)
        this.#log('error', 'pass-failed', { message, ...(remedy ? { remedy } : {}) })
      this.#failure = message
      this.#schedule(retryInterval)
    }
    for (const listener of [...this.#passListeners]) listener()
  }

  #pass(): void {
    const before = this.#outcome?.waiting.join()
    this.#outcome = this.#reconciler.pass(performance.now())
    const { nodes, pods, peers } = this.#outcome
    this.#narrator.know({ nodes, pods, epochs: epochsOf(peers) })
    if (this.#outcome.waiting.join() !== before)
      this.#log('info', this.#settled() ? 'settled' : 'waiting', { for: this.#outcome.waiting })
  }

  /** A gap is told in its place among the events. */
  #noticeLosses(): void {
    const lost = this.#datapath.lost()
    if (lost === this.#lost.ring) return
    this.#history.append({
      time: `${BigInt(Date.now()) * 1_000_000n}`,
      node: this.#options.node,
      where: 'ring',
      lost: lost - this.#lost.ring,
    })
    this.#lost.ring = lost
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), delay)
  }

  #complain(about: string): (error: Error) => void {
    return (error) => this.#log('error', 'watch-failed', { about, message: error.message })
  }
}

function notZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
