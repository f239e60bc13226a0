import type {
  Link,
  MarkRule,
  Route,
  RouteEntry,
  RouteOptions,
  Xfrm,
  XfrmPolicy,
  XfrmState,
  XfrmStateOptions,
} from '@wireproof/netlink'
import type { ClusterNode } from '../cluster/state.ts'
import type { Datapath } from '../kernel/datapath.ts'
import type { LocalPods } from '../kernel/pods.ts'
import type { DeviceRoute } from '../kernel/routes.ts'
import { newIncarnation } from '../keys/incarnation.ts'
import type { IpcacheEntry } from '../plan/ipcache.ts'
import { hostPrefix } from '../plan/prefix.ts'
import { nameOfPolicy, nameOfState } from '../plan/security.ts'
import { type Outcome, Reconciler } from '../reconciler.ts'
import type { Exemption } from '../scope/encryption-policy.ts'
import type { MemoryCluster, MemoryStore } from './memory-cluster.ts'

/** What the kernel of a simulated node holds; it outlives the agent. */
export class SimulatedKernel {
  readonly states = new Map<string, XfrmStateOptions>()
  readonly policies = new Map<string, XfrmPolicy>()
  readonly routes = new Map<string, DeviceRoute>()
  readonly rules: MarkRule[] = []
  /** Of the agent that runs, or ran last. */
  addresses = new Map<string, IpcacheEntry>()
  exempt: readonly Exemption[] = []
  /** The VXLAN device. */
  overlay: Link | undefined
  encrypts = false
  hasEsp = true
  isStrict = false
  /** Things that were done to it. */
  writes = 0
}

/** A node whose kernel is in memory: its agent decides as a real one does. */
export class SimulatedNode {
  readonly node: ClusterNode
  readonly kernel = new SimulatedKernel()
  readonly #cluster: MemoryCluster
  readonly #onEffect: () => void
  readonly #journal
  #store: MemoryStore | undefined
  #reconciler: Reconciler | undefined

  /** @param options.onEffect is called after every single thing that is done to the kernel. */
  constructor(
    cluster: MemoryCluster,
    node: ClusterNode,
    options: { readonly onEffect?: () => void; readonly incarnation?: string } = {},
  ) {
    const { onEffect = () => {}, incarnation = newIncarnation() } = options
    this.#cluster = cluster
    this.node = node
    this.#onEffect = onEffect
    this.#journal = { incarnation, used: new Set<string>() }
  }

  get isRunning(): boolean {
    return this.#reconciler !== undefined
  }

  get plan(): Reconciler['plan'] {
    return this.#reconciler!.plan
  }

  start(): void {
    this.#store = this.#cluster.open()
    this.#reconciler = new Reconciler({
      node: this.node.name,
      wire: 'eth0',
      decided: { encryptL3: undefined, strict: undefined },
      rekeyAfter: undefined,
      withoutEsp: 'guard',
      store: this.#store,
      journal: this.#fakeJournal(),
      xfrm: this.#fakeXfrm(),
      route: this.#fakeRoute(),
      datapath: this.#fakeDatapath(),
      policies: { update() {} },
      pods: { adopt() {}, routes: () => [] } as Partial<LocalPods> as LocalPods,
      log: () => {},
    })
  }

  /** As by SIGKILL: the kernel keeps what it has. */
  stop(): void {
    if (this.#store) this.#cluster.close(this.#store)
    this.#store = undefined
    this.#reconciler = undefined
  }

  pass(now: number, thorough = false): Outcome {
    return this.#reconciler!.pass(now, thorough)
  }

  #did(): void {
    this.kernel.writes++
    this.#onEffect()
  }

  #fakeJournal() {
    const journal = this.#journal
    return {
      get journal() {
        return journal
      },
      age: 0,
      willUse(fingerprints: readonly string[]) {
        for (const each of fingerprints) journal.used.add(each)
      },
      beginAnew() {
        journal.incarnation = newIncarnation()
        journal.used.clear()
      },
    }
  }

  #fakeXfrm(): Xfrm {
    const { states, policies } = this.kernel
    const put = <Item>(map: Map<string, Item>, name: (item: Item) => string, items: readonly Item[]) => {
      for (const item of items) {
        map.set(name(item), item)
        this.#did()
      }
    }
    const remove = <Item>(
      map: Map<string, unknown>,
      name: (item: Item) => string,
      items: readonly Item[],
    ) => {
      for (const item of items) {
        if (!map.delete(name(item))) throw Object.assign(new Error(name(item)), { code: 'ENOENT' })
        this.#did()
      }
    }
    const fake: Partial<Xfrm> = {
      states: () =>
        [...states.values()].map((state) => ({ ...copyOf(state), lifetime: unused }) as XfrmState),
      policies: () => [...policies.values()],
      addStates: (added) => {
        if (added.length > 0 && !this.kernel.hasEsp)
          throw Object.assign(new Error('no ESP'), { code: 'EPROTONOSUPPORT' })
        for (const state of added)
          if (states.has(nameOfState(state)))
            throw Object.assign(new Error('SA is there'), { code: 'EEXIST' })
        // Whether it takes a suite is asked with one that nobody uses.
        if (added.some(({ source }) => source === '127.0.0.1')) return
        put(states, nameOfState, added.map(copyOf))
      },
      deleteStates: (ids) =>
        remove(
          states,
          nameOfState,
          ids.filter(({ destination }) => destination !== '127.0.0.1'),
        ),
      updatePolicies: (updated) => put(policies, nameOfPolicy, updated),
      deletePolicies: (ids) => remove(policies, nameOfPolicy, ids),
    }
    return fake as Xfrm
  }

  #fakeRoute(): Route {
    const { routes } = this.kernel
    const nameOf = ({ destination, metric, table = 254 }: RouteOptions) =>
      `${hostPrefix(destination)} ${metric} ${table}`
    const { kernel } = this
    const wire: Link = { name: 'eth0', mac: '', index: 2, mtu: 1500, up: true, running: true }
    const fake: Partial<Route> = {
      link: (name) => {
        const found = [wire, kernel.overlay].find((each) => each?.name === name)
        if (!found) throw Object.assign(new Error(`no link is called ${name}`), { code: 'ENODEV' })
        return found
      },
      addVxlan: ({ name, port, mtu = wire.mtu }) => {
        kernel.overlay = { name, mac: '', index: 3, mtu, up: false, running: false, vxlan: { port } }
        this.#did()
      },
      setLink: (_, { alias, mtu, up }) => {
        const change = { ...(alias && { alias }), ...(mtu && { mtu }), ...(up && { up, running: up }) }
        kernel.overlay = { ...kernel.overlay!, ...change }
        this.#did()
      },
      deleteLink: () => {
        for (const [name, { device }] of routes) if (device === kernel.overlay?.index) routes.delete(name)
        kernel.overlay = undefined
        this.#did()
      },
      rules: () => [...kernel.rules],
      addRule: (rule) => {
        kernel.rules.push(rule)
        this.#did()
      },
      routes: () =>
        [...routes.values()].map(
          (route) => ({ type: 'unicast', table: 254, ...route }) as unknown as RouteEntry,
        ),
      addRoutes: (added) => {
        for (const route of added) {
          routes.set(nameOf(route), route as DeviceRoute)
          this.#did()
        }
      },
      removeRoute: (route) => {
        routes.delete(nameOf(route))
        this.#did()
      },
    }
    return fake as Route
  }

  /** Maps of its own, as every agent has; they are in force from the moment its programs are attached. */
  #fakeDatapath(): Datapath {
    const { kernel } = this
    const own = new Map<string, IpcacheEntry>()
    let next = { encryptL3: false, strict: false }
    let exempt: readonly Exemption[] = []
    const enforce = () => {
      kernel.exempt = exempt
      kernel.encrypts = next.encryptL3
      kernel.isStrict = next.strict
      kernel.addresses = own
    }
    let isAttached = false
    const fake: Partial<Datapath> = {
      exempt: (services) => {
        exempt = services
        if (isAttached) enforce()
        this.#onEffect()
      },
      addEntries: (entries) => {
        for (const [prefix, entry] of entries) {
          own.set(prefix, entry)
          this.#did()
        }
      },
      removeEntries: (prefixes) => {
        for (const prefix of prefixes) {
          own.delete(prefix)
          this.#did()
        }
      },
      configure: (config) => {
        next = config
        if (isAttached) enforce()
        this.#onEffect()
      },
      knowServices: () => {},
      routeProgram: { name: 'to_peer', fd: 0 },
      attachOverlay: () => {},
      forgetOverlay: () => {},
      attachWire: () => {
        isAttached = true
        enforce()
        this.#onEffect()
      },
    }
    return fake as Datapath
  }
}

const unused = { packets: 0, bytes: 0 }

/** With keys of its own: whoever hands them over, or is handed them, may overwrite his. */
function copyOf(state: XfrmStateOptions): XfrmStateOptions {
  const copy = <Algorithm extends { readonly key: Buffer }>(algorithm: Algorithm): Algorithm => ({
    ...algorithm,
    key: Buffer.from(algorithm.key),
  })
  return state.aead
    ? { ...state, aead: copy(state.aead) }
    : { ...state, encryption: copy(state.encryption), authentication: copy(state.authentication) }
}
