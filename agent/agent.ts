import type { Ring } from '@wireproof/libbpf'
import { openRoute, openXfrm, type Route, watch, type Xfrm, type XfrmState } from '@wireproof/netlink'
import { type AgentStatus, type FlowVerdict, flowVerdicts, type PodAttachment } from './api.ts'
import { FileStore } from './cluster/files.ts'
import { JournalFile } from './cluster/journal.ts'
import type { ClusterNode, ClusterView } from './cluster/state.ts'
import type { ObserverSource } from './hubble/source.ts'
import { Datapath } from './kernel/datapath.ts'
import { LocalPods, podOfLink } from './kernel/pods.ts'
import { readSecurity } from './kernel/xfrm.ts'
import type { Log } from './log.ts'
import { giveBackMemory } from './memory.ts'
import type { AgentMetrics } from './metrics/metrics.ts'
import { ClockWatch } from './monitor/clock-watch.ts'
import { epochOffset, FlowNarrator, type Owner } from './monitor/flow.ts'
import { type Health, healthOf, readinessOf } from './monitor/health.ts'
import { FlowHistory } from './monitor/history.ts'
import { KeySince } from './monitor/key-since.ts'
import {
  associationsOf,
  epochsOf,
  keyStatus,
  peerStatuses,
  sequenceStatus,
  suitesOf,
} from './monitor/peer-status.ts'
import type { Served } from './monitor/server.ts'
import type { Options } from './options.ts'
import type { NodePlan } from './plan/node-plan.ts'
import { PolicyEnforcement } from './policy/enforcement.ts'
import { type Outcome, Reconciler } from './reconciler.ts'

/** Everything is looked at again this often, in milliseconds, also when nobody said that it changed. */
const resyncInterval = 60_000
/** A pass that failed is tried again after this many milliseconds. */
const retryInterval = 500
/** Memory is given back when there has been no thorough pass for so many milliseconds. */
const restInterval = 2000
/** Changes in the kernel closer together than this, in milliseconds, are repaired in one pass. */
const debounce = 5
/** How often, in milliseconds, it is asked whether the datapath has lost events, and whether the clock was set. */
const lookInterval = 1000
/** Policies of these prefix lengths (local, remote) and longer are found by hash: their own are /0, or long, to long. */
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
  readonly #policies: PolicyEnforcement
  readonly #clock = new ClockWatch(Date.now(), performance.now())
  readonly #keySince = new KeySince()
  #started = Date.now()
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
  /** The passes to come. */
  readonly #next: Partial<Record<'thorough' | 'quick', { due: number; timer: NodeJS.Timeout }>> = {}
  #lastPass = performance.now()
  #tidying: NodeJS.Timeout | undefined

  /** Loads the datapath; nothing is in force before start(). @throws AgentProblem */
  constructor(options: Options, log: Log) {
    this.#options = options
    this.#log = log
    this.#store = new FileStore(options.cluster, {
      revisions: options.revisions,
      ...(options.key !== undefined && { keyFile: options.key }),
    })
    this.#xfrm = openXfrm()
    this.#route = openRoute()
    this.#xfrm.setHashThresholds({ ipv4: hashThresholds, ipv6: hashThresholds })
    this.#datapath = new Datapath(devicesOf(this.#route, options.wire), {
      objectFile: options.datapath,
      sysctls: options.sysctls,
      pods: this.#store.countPods(),
    })
    const policies = new PolicyEnforcement(this.#datapath.policyMaps())
    this.#policies = policies
    this.#pods = new LocalPods(this.#route, this.#datapath, policies, options.pods)
    this.#reconciler = new Reconciler({
      node: options.node,
      wire: options.wire,
      decided: { encryptL3: options.encryptL3, strict: options.strict },
      rekeyAfter: options.rekeyAfter,
      withoutEsp: options.withoutEsp,
      store: this.#store,
      journal: new JournalFile(options.cluster, options.node),
      xfrm: this.#xfrm,
      route: this.#route,
      datapath: this.#datapath,
      policies,
      pods: this.#pods,
      log,
    })
    const { plan } = this.#reconciler
    this.#narrator = new FlowNarrator(options.node, epochOffset(), {
      ownerOf: (address) => ownerOf(address, plan, this.#store.view),
      epochsOf: (node) => {
        const peer = plan.peer(node)
        return peer && epochsOf(peer)
      },
      ruleName: (rule) => policies.ruleName(rule),
    })
  }

  /** Makes the first pass, which must succeed: after it the node is guarded. Then keeps it so. @throws AgentProblem */
  start(): void {
    this.#pass(true)
    const soon = () => this.#schedule(debounce, false)
    const thoroughlySoon = () => this.#schedule(debounce, true)
    this.#store.watch(() => this.#run(false), this.#complain('store'))
    watch('links', soon, this.#complain('links'))
    watch('filters', soon, this.#complain('filters'))
    watch('xfrm', thoroughlySoon, this.#complain('xfrm'), { except: this.#xfrm.port })
    watch('routes', thoroughlySoon, this.#complain('routes'), { except: this.#route.port })
    this.#ring = this.#datapath.watchFlows((batch) => {
      for (let i = 0; i < batch.count; i++) {
        const flow = this.#narrator.tell(batch.event(i))
        this.#told[flow.verdict]++
        this.#history.append(flow)
      }
    }, this.#complain('flows'))
    setInterval(() => {
      this.#lookAtClock()
      this.#noticeLosses()
    }, lookInterval)
    // What was written while the watches were being set up is read here.
    this.#run(true)
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
    return [...this.#store.view.nodes.values()]
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
      associations: associationsOf([...this.#reconciler.plan.peers], states),
      refused: this.#xfrm.statistics(),
      told: this.#told,
      lost: this.#lost,
      clockSteps: this.#clock.steps,
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
    // Its own address must be known before its first packet.
    this.#pass(true)
    this.#pods.put(this.#store.view.nodes.get(this.#options.node)!, name, pod)
    this.#log('info', 'pod-guarded', { pod: name, ...pod })
  }

  deletePod(name: string): boolean {
    const deleted = this.#pods.delete(name)
    if (deleted) this.#log('info', 'pod-released', { pod: name })
    return deleted
  }

  /** Reads the store as it is now, and waits until the kernel matches it, at most `patience` milliseconds. */
  async settled(patience: number): Promise<{ settled: boolean; waiting: readonly string[] }> {
    this.#run(true)
    const deadline = performance.now() + patience
    while (!this.#settled() && performance.now() < deadline)
      await this.#nextPass(deadline - performance.now())
    return { settled: this.#settled(), waiting: this.#waiting() }
  }

  #describe(states: readonly XfrmState[]): AgentStatus {
    const outcome = this.#outcome!
    this.#lookAtClock()
    this.#noticeLosses()
    const problem = this.#failure ?? outcome.problems[0]
    const suite = suitesOf(states)
    return {
      node: this.#options.node,
      pid: process.pid,
      started: new Date(this.#started).toISOString(),
      ...(suite === undefined ? {} : { suite }),
      ...(outcome.obstacle && { obstacle: outcome.obstacle.message }),
      routing: this.#store.view.settings.routing ?? 'native',
      ...outcome.datapath,
      settled: this.#settled(),
      waiting: this.#waiting(),
      ...(problem === undefined ? {} : { problem }),
      problems: outcome.problems,
      notices: [
        ...outcome.trespasses,
        ...outcome.shortcomings,
        ...this.#policies.idle(),
        ...this.#clock.notices(performance.now()),
      ],
      key: this.#keySince.of(keyStatus(this.#store.view.key.id, states)),
      peers: peerStatuses([...this.#reconciler.plan.peers], states),
      pods: this.#pods.names(),
      counters: this.#datapath.counters(),
      sessions: this.#datapath.sessions(),
      sequence: sequenceStatus(this.#store.view.key.suite, states),
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
  #run(thorough: boolean): void {
    this.#lastPass = performance.now()
    // A thorough one looks at all that a quick one would have.
    this.#unschedule('quick')
    if (thorough) this.#unschedule('thorough')
    try {
      this.#pass(thorough)
      if (this.#failure !== undefined) this.#log('info', 'recovered')
      this.#failure = undefined
      const { again } = this.#outcome!
      // A timer cannot be set for weeks; by then a thorough pass has come by.
      if (again !== undefined && again < resyncInterval) this.#schedule(again, false)
      this.#schedule(resyncInterval, true)
      if (thorough) this.#tidyLater()
    } catch (error) {
      const { message, remedy } = error as Error & { remedy?: string }
      if (this.#failure !== message)
        this.#log('error', 'pass-failed', { message, ...(remedy ? { remedy } : {}) })
      this.#failure = message
      this.#schedule(retryInterval, true)
    }
    for (const listener of [...this.#passListeners]) listener()
  }

  #pass(thorough: boolean): void {
    const before = this.#outcome?.waiting.join()
    this.#outcome = this.#reconciler.pass(performance.now(), thorough)
    this.#narrator.forget()
    if (this.#outcome.waiting.join() !== before)
      this.#log('info', this.#settled() ? 'settled' : 'waiting', { for: this.#outcome.waiting })
  }

  /** Times that are told of from now on are by the clock as it is now, and ages are what they were. */
  #lookAtClock(): void {
    const step = this.#clock.look(Date.now(), performance.now())
    if (step === 0) return
    this.#narrator.clockSet(step)
    this.#keySince.clockSet(step)
    this.#started += step
    this.#log('warn', 'clock-set', { by: step })
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

  /** One that was to come sooner comes sooner. */
  #schedule(delay: number, thorough: boolean): void {
    const kind = thorough ? 'thorough' : 'quick'
    const due = performance.now() + delay
    const planned = this.#next[kind]
    if (planned && planned.due <= due) return
    clearTimeout(planned?.timer)
    this.#next[kind] = { due, timer: setTimeout(() => this.#run(thorough), delay) }
  }

  #unschedule(kind: 'thorough' | 'quick'): void {
    clearTimeout(this.#next[kind]?.timer)
    delete this.#next[kind]
  }

  #tidyLater(): void {
    clearTimeout(this.#tidying)
    this.#tidying = setTimeout(giveBackMemory, restInterval)
  }

  #complain(about: string): (error: Error) => void {
    return (error) => this.#log('error', 'watch-failed', { about, message: error.message })
  }
}

function notZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

function devicesOf(route: Route, wire: string) {
  const pods = route.links().filter((link) => podOfLink(link) !== undefined)
  return { wire: route.link(wire).index, pods: pods.map(({ index }) => index) }
}

/** The pod that has the address, or the node whose own it is. */
function ownerOf(address: string, plan: NodePlan, { pods }: ClusterView): Owner | undefined {
  const name = plan.ipcache.podAt(address)
  const pod = name === undefined ? undefined : pods.get(name)
  const node = pod?.node ?? plan.nodeAt(address)
  return node === undefined ? undefined : { node, pod }
}
