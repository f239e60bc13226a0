import type { XfrmPolicy } from '@wireproof/netlink'
import type { ClusterNode } from '../cluster/state.ts'
import type { PairKey } from '../keys/pair-key.ts'
import { algorithmsOf } from '../keys/suite.ts'
import { decryptedMark, encryptMark } from './marks.ts'
import { reqidOf } from './ownership.ts'
import type { PlanInput, PresentState } from './plan.ts'
import type { DesiredState } from './security.ts'

/** Towards one other node. */
export interface PeerPlan {
  readonly node: ClusterNode
  /** Of the peer, as it has published it; undefined while its agent has never run. */
  readonly incarnation: string | undefined
  /** Inbound first. */
  readonly states: readonly DesiredState[]
  readonly policies: readonly XfrmPolicy[]
  /** Associations that the kernel holds, that are no longer wanted, but that are still in use. */
  readonly retained: readonly PresentState[]
  readonly inboundSpi: number | undefined
  /** Of the association that packets leave on, or are dropped for want of. */
  readonly outboundSpi: number | undefined
  /** Why packets to this peer are dropped or still leave under earlier keys. */
  readonly waiting: string | undefined
}

const policyPriority = 1000
/** Packets that may overtake each other: the 32 of old are few for a fast wire with several queues. */
const replayWindow = 1024
/** Of no use where nothing arrives, but the kernel refuses extended sequence numbers without a window. */
const outboundReplayWindow = 1

/**
 * Decides one peer's associations and policies.
 *
 * The outbound association is installed once the peer has announced that it receives under exactly these keys. Until
 * then the policy names an association that does not exist, so the kernel drops rather than sends in clear; or the
 * policy stays on the association of earlier keys where there is one. The peer's earlier inbound association stays
 * until the peer has announced that it sends on the new one.
 */
export function planPeer(
  input: PlanInput,
  node: ClusterNode,
  statesByReqid: ReadonlyMap<number, readonly PresentState[]>,
  policiesByReqid: ReadonlyMap<number | undefined, readonly XfrmPolicy[]>,
): PeerPlan {
  const { self, incarnation: ownIncarnation, cluster, keys } = input
  const reqid = reqidOf(node.id)
  const present = statesByReqid.get(reqid) ?? []
  const incarnation = cluster.incarnations.get(node.name)
  const said = cluster.announcements.get(node.name)
  const heard = said?.incarnation === incarnation && said?.key === cluster.key.id ? said : undefined
  const receives = heard?.receives[self.name] === ownIncarnation
  const sends = heard?.sends[self.name] === ownIncarnation

  const ends = { self, node, reqid }
  let inbound: PairKey | undefined
  let outbound: PairKey | undefined
  if (incarnation !== undefined) {
    const here = { id: self.id, underlay: self.underlay, incarnation: ownIncarnation }
    const there = { id: node.id, underlay: node.underlay, incarnation }
    inbound = keys.get(cluster.key, there, here)
    outbound = keys.get(cluster.key, here, there)
  }

  const onPolicy = policiesByReqid.get(reqid)?.find((policy) => policy.direction === 'out')?.template?.spi
  const earlier = present.find((state) => state.destination === node.underlay && state.spi === onPolicy)
  const keepEarlier = !receives && earlier !== undefined
  const outboundSpi = keepEarlier ? earlier.spi : outbound?.spi

  return {
    node,
    incarnation,
    states: [
      ...(inbound ? [inboundState(ends, inbound)] : []),
      ...(outbound && receives ? [outboundState(ends, outbound)] : []),
    ],
    policies: policiesOf(ends, outboundSpi),
    retained: present.filter((state) =>
      state.destination === self.underlay
        ? state.spi !== inbound?.spi && !sends
        : keepEarlier && state.spi === earlier.spi,
    ),
    inboundSpi: inbound?.spi,
    outboundSpi,
    waiting:
      incarnation === undefined
        ? 'its agent has not started'
        : receives
          ? undefined
          : 'it does not receive yet',
  }
}

interface Ends {
  readonly self: ClusterNode
  readonly node: ClusterNode
  readonly reqid: number
}

function inboundState({ self, node, reqid }: Ends, pair: PairKey): DesiredState {
  return {
    source: node.underlay,
    destination: self.underlay,
    ...association(reqid, pair),
    replayWindow,
    // The datapath and the policies tell by this mark who encrypted a packet, whatever its inner source says.
    outputMark: decryptedMark(node.id),
  }
}

function outboundState({ self, node, reqid }: Ends, pair: PairKey): DesiredState {
  return {
    source: self.underlay,
    destination: node.underlay,
    ...association(reqid, pair),
    replayWindow: outboundReplayWindow,
  }
}

function association(reqid: number, { spi, suite, key, fingerprint }: PairKey) {
  return { spi, reqid, mode: 'tunnel', ...algorithmsOf(suite, key), esn: true, fingerprint } as const
}

function policiesOf({ self, node, reqid }: Ends, outboundSpi: number | undefined): XfrmPolicy[] {
  // Without an SPI any association of the peer serves: old and new keys overlap while they change.
  const inbound = {
    source: node.podCidr,
    destination: self.podCidr,
    mark: decryptedMark(node.id),
    priority: policyPriority,
    template: { source: node.underlay, destination: self.underlay, reqid, mode: 'tunnel' },
  } as const
  return [
    { direction: 'in', ...inbound },
    { direction: 'fwd', ...inbound },
    {
      direction: 'out',
      source: '0.0.0.0/0',
      destination: node.podCidr,
      mark: encryptMark(node.id),
      priority: policyPriority,
      template: {
        source: self.underlay,
        destination: node.underlay,
        reqid,
        mode: 'tunnel',
        ...(outboundSpi === undefined ? {} : { spi: outboundSpi }),
      },
    },
  ]
}
