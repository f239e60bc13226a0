import type { ClusterKey } from '../keys/cluster-key.ts'
import type { Routing } from '../plan/overlay.ts'
import type { NetworkPolicy } from '../policy/network-policy.ts'
import type { EncryptionPolicy, Service } from '../scope/encryption-policy.ts'

export interface ClusterNode {
  readonly name: string
  readonly underlay: string
  /** The prefixes that all pods of the node take their addresses from; of one or both families. */
  readonly podCidrs: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

export interface ClusterPod {
  readonly name: string
  readonly node: string
  /** At most one of each family. */
  readonly addresses: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** `default` where absent. */
  readonly namespace?: string
  /** Numbers of the ports that policies may name. */
  readonly ports?: Readonly<Record<string, number>>
}

/** What a datapath does. */
export interface DatapathSettings {
  readonly encryptL3: boolean
  readonly strict: boolean
}

export interface Settings extends DatapathSettings {
  /** `native` where absent. */
  readonly routing?: Routing
  /** The ranges that pods of all nodes come from: what goes there is held back until a node has claimed it. */
  readonly clusterCidrs: readonly string[]
}

/** The life of a node, as it has published it. */
export interface Life {
  readonly incarnation: string
  /** Grows with every life that any node publishes. */
  readonly revision: number
}

/**
 * What one agent tells the others. Its size does not depend on how many they are: whom it speaks of is said by the
 * revision of their lives. It speaks of its own life only, so what was said before a reboot never counts after it.
 */
export interface Announcement {
  readonly incarnation: string
  /** Name of the cluster key that what follows is said of. */
  readonly key: string
  /** An inbound association is installed for every life up to this revision. */
  readonly receives: number
  /** The outbound association in use is that of the peer's present life, for every life up to this revision. */
  readonly sends: number
  /** By name of the sender: which attempt at an SPI is free here. 0 for all that are not named. */
  readonly attempts: Readonly<Record<string, number>>
  /** What the datapath does now; less than the settings while the cluster moves from one to the other. */
  readonly datapath: DatapathSettings
}

/** All that agents are told, and all that they tell each other, as of the store's last refresh. The maps are by name. */
export interface ClusterView {
  readonly settings: Settings
  readonly key: ClusterKey
  readonly nodes: ReadonlyMap<string, ClusterNode>
  readonly pods: ReadonlyMap<string, ClusterPod>
  /** Their labels; a namespace that is not here has none but the one that Kubernetes gives it. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** By name of their file. */
  readonly policies: ReadonlyMap<string, readonly NetworkPolicy[]>
  /** By name of their file. */
  readonly encryptionPolicies: ReadonlyMap<string, readonly EncryptionPolicy[]>
  readonly services: ReadonlyMap<string, Service>
  readonly lives: ReadonlyMap<string, Life>
  readonly announcements: ReadonlyMap<string, Announcement>
  /** Every life published up to this one has been read. */
  readonly revision: number
  /** What could not be understood, one sentence each; what was said before still counts. */
  readonly problems: readonly string[]
}

/** What is new since the refresh before. */
export interface Changes {
  /** The key; or that nothing is known about what changed. */
  readonly everything: boolean
  /** Names of nodes that came, went, or of which the node, its life or its announcement changed. */
  readonly nodes: ReadonlySet<string>
  readonly pods: ReadonlySet<string>
}
