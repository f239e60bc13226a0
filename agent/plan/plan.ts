import type { RouteOptions, XfrmPolicy, XfrmStateId } from '@wireproof/netlink'
import type { ClusterNode, ClusterState } from '../cluster/state.ts'
import type { PairKeys } from '../keys/pair-key.ts'
import { encryptionOverhead } from '../keys/suite.ts'
import { identityOf } from './identity.ts'
import { routeMetric } from './ownership.ts'
import { type PeerPlan, planPeer } from './peer.ts'
import type { DesiredState } from './security.ts'

/** What the kernel holds of ours, as far as a plan depends on it. */
export interface PresentState extends XfrmStateId {
  readonly source: string
  readonly reqid: number
}

/** What the datapath knows about a prefix of pod addresses. */
export interface IpcacheEntry {
  readonly prefix: string
  /** 0: no pod is known at this address. */
  readonly identity: number
  readonly nodeId: number
  /** Pods are: they are encrypted between nodes. Nodes' own addresses are known, but not protected. */
  readonly isProtected: boolean
}

export interface PlanInput {
  readonly self: ClusterNode
  readonly incarnation: string
  readonly cluster: ClusterState
  readonly keys: PairKeys
  /** Our associations and outbound policies in the kernel now: traffic stays on them until better ones can be used. */
  readonly presentStates: readonly PresentState[]
  readonly presentPolicies: readonly XfrmPolicy[]
  readonly wire: { readonly device: string; readonly mtu: number }
}

/** The kernel state a node should have. */
export interface Plan {
  readonly peers: readonly PeerPlan[]
  readonly states: readonly DesiredState[]
  readonly policies: readonly XfrmPolicy[]
  /** Towards the pods of other nodes; and to nowhere for addresses of this node that no pod has. */
  readonly routes: readonly RouteOptions[]
  readonly ipcache: readonly IpcacheEntry[]
}

/**
 * Decides what a node's kernel should hold. Associations and policies do not depend on whether encryption is on: only
 * the datapath's flags do, so switching is one write to a map, and what still arrives encrypted is always understood.
 */
export function planNode(input: PlanInput): Plan {
  const { self, cluster, wire } = input
  const statesByReqid = Map.groupBy(input.presentStates, (state) => state.reqid)
  const policiesByReqid = Map.groupBy(input.presentPolicies, (policy) => policy.template?.reqid)
  const peers = cluster.nodes
    .filter((node) => node.name !== self.name)
    .map((node) => planPeer(input, node, statesByReqid, policiesByReqid))
  return {
    peers,
    states: peers.flatMap((peer) => peer.states),
    policies: peers.flatMap((peer) => peer.policies),
    routes: [
      ...peers.map(({ node }) => ({
        destination: node.podCidr,
        via: node.underlay,
        device: wire.device,
        mtu: wire.mtu - encryptionOverhead(cluster.key.suite, outerFamily(node)),
        metric: routeMetric,
      })),
      // An answer that there is no such pod would quote the packet, and the node's own packets are not encrypted.
      { destination: self.podCidr, type: 'blackhole', metric: routeMetric },
    ],
    ipcache: ipcacheOf(cluster),
  }
}

function outerFamily({ underlay }: ClusterNode): 'ipv4' | 'ipv6' {
  return underlay.includes(':') ? 'ipv6' : 'ipv4'
}

function ipcacheOf({ nodes, pods }: ClusterState): IpcacheEntry[] {
  const nodeIds = new Map(nodes.map((node) => [node.name, node.id]))
  return [
    ...nodes.flatMap(({ id: nodeId, underlay, podCidr }) => [
      { prefix: podCidr, identity: 0, nodeId, isProtected: true },
      { prefix: `${underlay}/32`, identity: 0, nodeId, isProtected: false },
    ]),
    ...pods.flatMap((pod) => {
      const nodeId = nodeIds.get(pod.node)
      // Its node's prefix protects a pod whose node has gone before it, or has not come yet.
      if (nodeId === undefined) return []
      return [{ prefix: `${pod.address}/32`, identity: identityOf(pod.labels), nodeId, isProtected: true }]
    }),
  ]
}
