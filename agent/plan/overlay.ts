import type { Encapsulation } from '@wireproof/netlink'

/**
 * How packets get from the node of one pod to that of another: by routes on the wire, in VXLAN between the nodes, or as the network
 * that is there has it, which makes routes of its own.
 */
export const routings = ['native', 'vxlan', 'given'] as const
export type Routing = (typeof routings)[number]

/** The device that carries them, one on each node. The port is RFC 7348's, by which everybody knows VXLAN. */
export const overlayDevice = {
  name: 'wpvxlan',
  /** By which it is known for ours. */
  alias: 'wireproof:overlay',
  port: 4789,
} as const

/** The same on every node: routes say which node a packet is for. */
const networkId = 0x5750

export function encapsulationTo(source: string, destination: string): Encapsulation {
  return { id: networkId, source, destination }
}

const innerEthernetBytes = 14
const vxlanBytes = 8
const udpBytes = 8
const ipBytes = { 4: 20, 6: 40 } as const

/** By how many bytes VXLAN makes a packet longer (RFC 7348 section 5), before ESP does. @param outer family of the nodes' addresses. */
export function vxlanOverhead(outer: 4 | 6): number {
  return ipBytes[outer] + udpBytes + vxlanBytes + innerEthernetBytes
}
