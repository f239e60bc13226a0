import type { ClusterKey } from '../keys/cluster-key.ts'
import type { NetworkPolicy } from '../policy/network-policy.ts'

export interface ClusterNode {
  readonly name: string
  /** 1 to 65534. */
  readonly id: number
  readonly underlay: string
  readonly podCidr: string
}

export interface ClusterPod {
  readonly name: string
  readonly node: string
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
  /** `default` where absent. */
  readonly namespace?: string
  /** Numbers of the ports that policies may name. */
  readonly ports?: Readonly<Record<string, number>>
}

export interface Settings {
  readonly encryptL3: boolean
  readonly strict: boolean
}

/**
 * What one agent tells the others: which life it is in, and for which lives of its peers it can receive, and does send.
 * Peers are named by their incarnation, so an announcement that was made before a reboot never counts after it.
 */
export interface Announcement {
  readonly incarnation: string
  /** Id of the cluster key that what follows is said of. */
  readonly key: number
  /** By peer name: the peer's incarnation whose inbound association is installed here. */
  readonly receives: Readonly<Record<string, string>>
  /** By peer name: the peer's incarnation whose outbound association is the one in use here. */
  readonly sends: Readonly<Record<string, string>>
  /** What the datapath does now; less than the settings while the cluster moves from one to the other. */
  readonly datapath: Settings
}

/** All that agents are told, and all that they tell each other. */
export interface ClusterState {
  readonly settings: Settings
  readonly key: ClusterKey
  readonly nodes: readonly ClusterNode[]
  readonly pods: readonly ClusterPod[]
  /** Labels by name; a namespace that is not here has none but the one that Kubernetes gives it. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** In the order of their files. */
  readonly policies: readonly NetworkPolicy[]
  /** By node name. */
  readonly incarnations: ReadonlyMap<string, string>
  readonly announcements: ReadonlyMap<string, Announcement>
  /** Files that could not be understood, one sentence each; what they said before still counts. */
  readonly problems: readonly string[]
}
