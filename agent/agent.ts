import { openRoute, openXfrm, type Route, watch, type Xfrm } from '@wireproof/netlink'
import type { AgentStatus, Flow, PodAttachment } from './api.ts'
import { FileStore } from './cluster/files.ts'
import { JournalFile } from './cluster/journal.ts'
import { Datapath } from './kernel/datapath.ts'
import { LocalPods } from './kernel/pods.ts'
import { requireEsp } from './kernel/xfrm.ts'
import type { Log } from './log.ts'
import { epochOffset, FlowNarrator } from './monitor/flow.ts'
import type { Served } from './monitor/server.ts'
import type { Options } from './options.ts'
import { type Outcome, Reconciler } from './reconciler.ts'

/** Everything is looked at again this often, in milliseconds, also when nobody said that it changed. */
const resyncInterval = 5000
/** A pass that failed is tried again after this many milliseconds. */
const retryInterval = 500
/** Changes in the kernel closer together than this, in milliseconds, are repaired in one pass. */
const debounce = 5
/** Policies of these prefix lengths (local, remote) and longer are found by hash: their own are /0 or /24 to /24. */
const hashThresholds = [0, 16] as const

/** Keeps one node's kernel what the cluster store says it should be, and answers what it is. */
export class Agent implements Served {
  readonly #options: Options
  readonly #log: Log
  readonly #store: FileStore
  readonly #xfrm: Xfrm
  readonly #route: Route
  readonly #datapath: Datapath
  readonly #pods: LocalPods
  readonly #reconciler: Reconciler
  readonly #narrator: FlowNarrator
  readonly #flowListeners = new Set<(flow: Flow) => void>()
  readonly #passListeners = new Set<() => void>()
  #outcome: Outcome | undefined
  #failure: string | undefined
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
    this.#datapath = new Datapath(this.#route.link(options.wire).index, options.datapath)
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
    this.#datapath.watchFlows((event) => {
      if (this.#flowListeners.size === 0) return
      const flow = this.#narrator.tell(event)
      for (const listener of this.#flowListeners) listener(flow)
    }, this.#complain('flows'))
    // What was written while the watches were being set up is read here.
    this.#run()
  }

  status(): AgentStatus {
    const outcome = this.#outcome!
    const problem = this.#failure ?? outcome.problems[0]
    return {
      node: this.#options.node,
      pid: process.pid,
      ...outcome.datapath,
      settled: this.#settled(),
      waiting: this.#waiting(),
      ...(problem === undefined ? {} : { problem }),
      peers: outcome.peers.flatMap(({ node, outboundSpi, inboundSpi }) =>
        outboundSpi === undefined || inboundSpi === undefined
          ? []
          : [{ node: node.name, outboundSpi, inboundSpi }],
      ),
      pods: this.#pods.names(),
      counters: this.#datapath.counters(),
    }
  }

  onFlow(listener: (flow: Flow) => void): () => void {
    this.#flowListeners.add(listener)
    return () => this.#flowListeners.delete(listener)
  }

  putPod(name: string, pod: PodAttachment): void {
    const { nodes, pods } = this.#store.read()
    const self = nodes.find((node) => node.name === this.#options.node)
    if (!self) throw new Error(`node ${this.#options.node} is not in the cluster store`)
    // Its own address must be known before its first packet.
    this.#pass()
    this.#pods.put(self, name, pod)
    this.#narrator.know(pods)
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
    this.#narrator.know(this.#outcome.pods)
    if (this.#outcome.waiting.join() !== before)
      this.#log('info', this.#settled() ? 'settled' : 'waiting', { for: this.#outcome.waiting })
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#run(), delay)
  }

  #complain(about: string): (error: Error) => void {
    return (error) => this.#log('error', 'watch-failed', { about, message: error.message })
  }
}
