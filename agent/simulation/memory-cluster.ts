import { PodTable } from '../cluster/pod-table.ts'
import type {
  Announcement,
  Changes,
  ClusterNode,
  ClusterPod,
  ClusterView,
  Life,
  Settings,
} from '../cluster/state.ts'
import type { ClusterStore, Listening } from '../cluster/store.ts'
import type { ClusterKey } from '../keys/cluster-key.ts'
import type { EncryptionPolicy, Service } from '../scope/encryption-policy.ts'

/** What has been written to the store so far. */
export interface Traffic {
  writes: number
  bytes: number
  /** Writes, each as often as there was an agent to be told of it. */
  deliveries: number
}

/** A cluster in memory: what a store would hold, and what it would carry. */
export class MemoryCluster {
  settings: Settings
  key: ClusterKey
  readonly nodes = new Map<string, ClusterNode>()
  readonly pods = new PodTable()
  readonly encryptionPolicies = new Map<string, readonly EncryptionPolicy[]>()
  readonly services = new Map<string, Service>()
  readonly lives = new Map<string, Life>()
  readonly announcements = new Map<string, Announcement>()
  revision = 0
  readonly traffic: Traffic = { writes: 0, bytes: 0, deliveries: 0 }
  readonly #stores = new Set<MemoryStore>()

  constructor(settings: Settings, key: ClusterKey) {
    this.settings = settings
    this.key = key
  }

  open(): MemoryStore {
    const store = new MemoryStore(this)
    this.#stores.add(store)
    return store
  }

  close(store: MemoryStore): void {
    this.#stores.delete(store)
  }

  putNode(node: ClusterNode): void {
    this.nodes.set(node.name, node)
    this.#tell('nodes', node.name, node)
  }

  /** What its agent has said of itself goes with it. */
  removeNode(name: string): void {
    for (const kind of [this.nodes, this.lives, this.announcements]) kind.delete(name)
    this.#tell('nodes', name)
  }

  putPod(pod: ClusterPod): void {
    this.pods.set(pod.name, pod)
    this.#tell('pods', pod.name, pod)
  }

  removePod(name: string): void {
    this.pods.delete(name)
    this.#tell('pods', name)
  }

  publishLife(node: string, incarnation: string): void {
    const life = { incarnation, revision: ++this.revision }
    this.lives.set(node, life)
    this.#tell('nodes', node, life)
  }

  announce(node: string, announcement: Announcement): void {
    this.announcements.set(node, announcement)
    this.#tell('nodes', node, announcement, (store) => store.listening === 'all' || store.listening.has(node))
  }

  #tell(
    kind: 'nodes' | 'pods',
    name: string,
    value: unknown = null,
    isInterested: (store: MemoryStore) => boolean = () => true,
  ): void {
    const bytes = Buffer.byteLength(JSON.stringify(value))
    this.traffic.writes++
    this.traffic.bytes += bytes
    for (const store of this.#stores) {
      store.changed[kind].add(name)
      if (isInterested(store)) this.traffic.deliveries++
    }
  }
}

/** One agent's view of it. */
export class MemoryStore implements ClusterStore {
  readonly #cluster: MemoryCluster
  changed = { nodes: new Set<string>(), pods: new Set<string>() }
  listening: Listening = 'all'
  #key: ClusterKey | undefined

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster
  }

  get view(): ClusterView {
    const { settings, key, nodes, pods, encryptionPolicies, services, lives, announcements, revision } =
      this.#cluster
    const policies = { namespaces: new Map(), policies: new Map(), encryptionPolicies, services }
    return { settings, key, nodes, pods, ...policies, lives, announcements, revision, problems: [] }
  }

  refresh(thorough: boolean): Changes {
    const everything = thorough || this.#key !== this.#cluster.key
    this.#key = this.#cluster.key
    const { nodes, pods } = this.changed
    this.changed = { nodes: new Set(), pods: new Set() }
    return { everything, nodes, pods }
  }

  publishLife(node: string, incarnation: string): void {
    this.#cluster.publishLife(node, incarnation)
  }

  announce(node: string, announcement: Announcement): void {
    this.#cluster.announce(node, announcement)
  }

  watch(): { close(): void } {
    return { close: () => {} }
  }

  listen(to: Listening): void {
    this.listening = to
  }
}
