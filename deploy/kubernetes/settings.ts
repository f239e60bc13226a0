import type { AddressesBy } from '../../agent/kubernetes/mirror.ts'
import type { Routing } from '../../agent/plan/overlay.ts'

export interface AgentSettings {
  readonly image: string
  /** Of the image, where whoever applies the manifests knows it: another one under the same name is then rolled out. */
  readonly imageDigest?: string
  readonly encryptL3: boolean
  readonly strict: boolean
  /** `given` where another network brings packets to pods of other nodes. */
  readonly routing: Routing
  /** The ranges that the pods of all nodes come from. */
  readonly clusterCidrs: readonly string[]
  /** The device by which nodes reach each other. */
  readonly wire: string
  /** Whether the agent is the cluster's network as well; otherwise another plugs pods in. */
  readonly isNetwork: boolean
  /** By what an address is known for a node's; `pods` where nodes have no ranges that all their pods' addresses are from. */
  readonly addresses: AddressesBy
}

export const defaultSettings: AgentSettings = {
  image: 'wireproof-agent:0.1.0',
  encryptL3: true,
  strict: true,
  routing: 'native',
  clusterCidrs: ['10.244.0.0/16'],
  wire: 'eth0',
  isNetwork: true,
  addresses: 'ranges',
}
