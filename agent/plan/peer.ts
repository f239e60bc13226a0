import type { RouteOptions, XfrmPolicy, XfrmStateOptions } from '@wireproof/netlink'
import type { Announcement, ClusterNode, Life } from '../cluster/state.ts'
import type { ClusterKey } from '../keys/cluster-key.ts'
import type { PairKey } from '../keys/pair-key.ts'
import { algorithmsOf, encryptionOverhead } from '../keys/suite.ts'
import { decryptedMark, encryptMark } from './marks.ts'
import { markedPolicyTo, type NodeTraffic, nodeTrafficPolicies } from './node-traffic.ts'
import { encapsulationTo, overlayDevice, type Routing, vxlanOverhead } from './overlay.ts'
import { reqidOf, routeMetricOf } from './ownership.ts'
import { type Ends, everyAddress, inboundPolicies, outboundTemplate, policyPriority } from './path.ts'
import { familyOf, hostPrefix } from './prefix.ts'
import { type DesiredState, nameOfPolicy } from './security.ts'

/** Towards one other node. */
export interface PeerPlan {
  readonly node: ClusterNode
  readonly number: number
  /** As the peer has published it; undefined while its agent has never run. */
  readonly life: Life | undefined
  /** Inbound first. */
  readonly states: readonly DesiredState[]
  readonly policies: readonly XfrmPolicy[]
  readonly routes: readonly RouteOptions[]
  /** Associations that the kernel holds, that are no longer wanted, but that are still in use. */
  readonly retained: readonly PresentState[]
  /** Which SPI the peer is heard under; see pairKey. */
  readonly attempt: number
  readonly inboundSpi: number | undefined
  /** Of the association that packets leave on, or are dropped for want of. */
  readonly outboundSpi: number | undefined
  /** Whether there is such an association. */
  readonly hasKeys: boolean
  /** Whether what the kernel holds besides is another node's, which had the address before: it goes at once. */
  readonly isHeir: boolean
  /** Why packets to this peer are dropped or still leave under earlier keys. */
  readonly waiting: string | undefined
}

/** What the kernel holds of ours. */
export type PresentState = XfrmStateOptions

export interface PeerInput {
  readonly self: ClusterNode
  /** Of this node. */
  readonly life: Life
  readonly key: ClusterKey
  readonly keyName: string
  readonly peer: {
    readonly node: ClusterNode
    readonly number: number
    readonly life: Life | undefined
    readonly said: Announcement | undefined
  }
  /** The keys of both directions. @param attempts at an SPI. */
  readonly pair: (attempts: { readonly out: number }) => Pair
  /** Of the peer in the kernel now: traffic stays on them until better ones can be used. */
  readonly present: {
    readonly states: readonly PresentState[]
    readonly policies: readonly XfrmPolicy[]
  }
  /** Whether another node had the peer's address before, and what is present may be that one's. */
  readonly isHeir: boolean
  readonly wire: { readonly device: string; readonly mtu: number }
  readonly routing: Routing
  readonly nodeTraffic: NodeTraffic
}

export interface Pair {
  readonly inbound: PairKey
  readonly attempt: number
  readonly outbound: PairKey
}

/** Packets that may overtake each other: the 32 of old are few for a fast wire with several queues. */
const replayWindow = 1024
/** Of no use where nothing arrives, but the kernel refuses extended sequence numbers without a window. */
const outboundReplayWindow = 1

/**
 * Decides one peer's associations, policies and routes.
 *
 * The outbound association is installed once the peer has announced that it receives under exactly these keys. Until
 * then the policy names an association that does not exist, so the kernel drops rather than sends in clear; or the
 * policy stays on the association of earlier keys where there is one. The peer's earlier inbound association stays
 * until the peer has announced that it sends on the new one. The heir of an address has no earlier ones: nothing is sent to it
 * under its predecessor's keys, and nothing that these sealed is taken for the heir's.
 */
export function planPeer(input: PeerInput): PeerPlan {
  const { self, life: own, peer, present, isHeir } = input
  const { node, number, life, said } = peer
  const heard = said?.incarnation === life?.incarnation && said?.key === input.keyName ? said : undefined
  const receives = heard !== undefined && heard.receives >= own.revision
  const sends = heard !== undefined && heard.sends >= own.revision
  const pair = life && input.pair({ out: receives ? (heard.attempts[self.name] ?? 0) : 0 })

  const onPolicy = present.policies.find(
    ({ direction, template }) => direction === 'out' && !template?.optional,
  )?.template?.spi
  const earlier = present.states.find(
    (state) => state.destination === node.underlay && state.spi === onPolicy,
  )
  const keepEarlier = !isHeir && !receives && earlier !== undefined
  const outboundSpi = keepEarlier ? earlier.spi : pair?.outbound.spi
  const hasKeys = outboundSpi !== undefined && (receives || keepEarlier)

  const ends = { self, node, number, reqid: reqidOf(number), outboundSpi }
  return {
    node,
    number,
    life,
    states: [
      ...(pair ? [inboundState(ends, pair.inbound)] : []),
      ...(pair && receives ? [outboundState(ends, pair.outbound)] : []),
    ],
    policies: each(
      input.routing === 'vxlan' ? overlayPoliciesOf(ends) : policiesOf(ends),
      nodeTrafficPolicies(ends, input.nodeTraffic, hasKeys),
    ),
    routes: routesBy[input.routing](ends, input),
    retained: present.states.filter((state) =>
      state.destination === self.underlay
        ? state.spi !== pair?.inbound.spi && !sends && !isHeir
        : keepEarlier && state.spi === earlier.spi,
    ),
    attempt: pair?.attempt ?? 0,
    inboundSpi: pair?.inbound.spi,
    outboundSpi,
    hasKeys,
    isHeir,
    waiting:
      life === undefined ? 'its agent has not started' : receives ? undefined : 'it does not receive yet',
  }
}

function inboundState({ self, node, number, reqid }: Ends, pair: PairKey): DesiredState {
  return {
    source: node.underlay,
    destination: self.underlay,
    ...association(reqid, pair),
    replayWindow,
    // The datapath and the policies tell by this mark who encrypted a packet, whatever its inner source says.
    outputMark: decryptedMark(number),
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

function policiesOf(ends: Ends): XfrmPolicy[] {
  const { self, node } = ends
  return node.podCidrs.flatMap((podCidr) => [
    ...self.podCidrs
      .filter((own) => familyOf(own) === familyOf(podCidr))
      .flatMap((own) => inboundPolicies(ends, podCidr, own)),
    {
      direction: 'out',
      source: everyAddress[familyOf(podCidr)],
      destination: podCidr,
      mark: encryptMark,
      priority: policyPriority,
      template: outboundTemplate(ends),
    },
  ])
}

/**
 * What carries VXLAN between the two nodes: the mark of the packet inside is that of the one around it, when it is made and when it
 * is opened. For pods' addresses there are none then: they would encrypt what has not been in VXLAN, and let in nothing else.
 */
function overlayPoliciesOf(ends: Ends): XfrmPolicy[] {
  const [own, theirs] = [hostPrefix(ends.self.underlay), hostPrefix(ends.node.underlay)]
  return [...inboundPolicies(ends, theirs, own), markedPolicyTo(ends)]
}

/** Each policy once: what nodes send themselves may need the same. */
function each(ofPods: readonly XfrmPolicy[], ofNodes: readonly XfrmPolicy[]): readonly XfrmPolicy[] {
  if (ofNodes.length === 0) return ofPods
  const policies = [...ofPods, ...ofNodes]
  return [...new Map(policies.map((policy) => [nameOfPolicy(policy), policy])).values()]
}

/** What fits into one packet on the wire once it is encrypted. */
function mtuTo({ peer, key, wire }: PeerInput): number {
  const outer = familyOf(peer.node.underlay) === 4 ? 'ipv4' : 'ipv6'
  return wire.mtu - encryptionOverhead(key.suite, outer)
}

function routesTo({ node, number }: Ends, input: PeerInput): RouteOptions[] {
  const { podCidrs, underlay } = node
  return podCidrs.map((destination) => ({
    destination,
    // IPv6 knows no next hop in IPv4. What is encrypted needs none: its outer packet has a route of its own.
    ...(familyOf(destination) === 6 && familyOf(underlay) === 4 ? {} : { via: underlay }),
    device: input.wire.device,
    mtu: mtuTo(input),
    metric: routeMetricOf(number),
  }))
}

/** The route alone says which node it is for: nobody need be known or asked for on the device. */
function overlayRoutesTo({ self, node, number }: Ends, input: PeerInput): RouteOptions[] {
  return node.podCidrs.map((destination) => ({
    destination,
    device: overlayDevice.name,
    encapsulation: encapsulationTo(self.underlay, node.underlay),
    mtu: mtuTo(input) - vxlanOverhead(familyOf(node.underlay)),
    metric: routeMetricOf(number),
  }))
}

const routesBy: Readonly<Record<Routing, (ends: Ends, input: PeerInput) => RouteOptions[]>> = {
  native: routesTo,
  vxlan: overlayRoutesTo,
  given: () => [],
}
