import type { XfrmPolicy } from '@wireproof/netlink'
import { askedMark, encryptMark, unsettledMark } from './marks.ts'
import { type Ends, everyAddress, inboundPolicies, outboundTemplate, policyPriority } from './path.ts'
import { familyOf, hostPrefix } from './prefix.ts'

/** What is to be encrypted of what the nodes of a pair send themselves, under the same keys as their pods. */
export interface NodeTraffic {
  /** Whether this node, and the other, is in scope. */
  readonly self: boolean
  readonly peer: boolean
  /** Whether encryption is on. */
  readonly encrypts: boolean
}

const protocols = { tcp: 6, icmp6: 58 } as const
/** RFC 4861: neighbour solicitation and advertisement, which neighbours ask each other also without multicast. */
const neighbourDiscovery = [135, 136] as const
/** Reserved (RFC 4303 section 2.1): nobody ever has an association of it. */
const noSpi = 1

/**
 * A node in scope sends to other such nodes, and to pods on other nodes, and hears from them, as a pod would. No program of
 * ours sees what it sends before XFRM does, so these policies match addresses and no mark, and exist only where there is an
 * association to encrypt with: what XFRM does not take the datapath stops, or lets pass where it is exempt.
 */
export function nodeTrafficPolicies(
  ends: Ends,
  { self, peer, encrypts }: NodeTraffic,
  hasKeys: boolean,
): XfrmPolicy[] {
  if (!self && !peer) return []
  const own = hostPrefix(ends.self.underlay)
  const theirs = hostPrefix(ends.node.underlay)
  const family = familyOf(own)
  const ofFamily = (prefixes: readonly string[]) => prefixes.filter((each) => familyOf(each) === family)
  const pairs = [
    ...(self && peer ? [[theirs, own] as const] : []),
    ...(self ? ofFamily(ends.node.podCidrs).map((pods) => [pods, own] as const) : []),
    ...(peer ? ofFamily(ends.self.podCidrs).map((pods) => [theirs, pods] as const) : []),
  ]
  const template = outboundTemplate(ends)
  const out = { direction: 'out', priority: policyPriority, template } as const
  const sends = self && encrypts && hasKeys
  return [
    ...pairs.flatMap(([source, destination]) => inboundPolicies(ends, source, destination)),
    ...(peer ? [markedPolicyTo(ends), markedPolicyTo(ends, unsettledMark)] : []),
    ...(sends
      ? ofFamily(ends.node.podCidrs).map((destination) => ({ ...out, source: own, destination }))
      : []),
    ...(sends && peer ? [{ ...out, source: own, destination: theirs }, ...exceptions(ends)] : []),
  ]
}

/** Of pods, which the datapath has marked, and of VXLAN with such a packet inside. */
export function markedPolicyTo(ends: Ends, mark = encryptMark): XfrmPolicy {
  const destination = hostPrefix(ends.node.underlay)
  return {
    direction: 'out',
    source: everyAddress[familyOf(destination)],
    destination,
    mark,
    priority: policyPriority,
    template: outboundTemplate(ends),
  }
}

/** What goes in clear although there are keys. The template is there for the reqid only, by which policies are ours. */
function exceptions(ends: Ends): XfrmPolicy[] {
  const source = hostPrefix(ends.self.underlay)
  const clear = {
    direction: 'out',
    source,
    destination: hostPrefix(ends.node.underlay),
    priority: policyPriority - 1,
    // The kernel takes no optional tunnel.
    template: { ...outboundTemplate(ends), spi: noSpi, mode: 'transport', optional: true },
  } as const
  return [
    // Answers to who asked in clear; no longer when there is another association than there was then.
    { ...clear, protocol: protocols.tcp, mark: askedMark(ends.outboundSpi!) },
    ...(familyOf(source) === 6
      ? neighbourDiscovery.map((type) => ({ ...clear, protocol: protocols.icmp6, sourcePort: type }))
      : []),
  ]
}
