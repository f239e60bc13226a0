import type { LabNode, LabPod } from '../lab.ts'
import type { Address, IpFamily, NodeSpec, PodSpec, Routing } from '../topology.ts'

/**
 * Where everything of a lab is, from its name alone: `down` needs no record of what `up` did. Nothing is made in the
 * machine's own network namespace, so no address, port or device name can collide with the machine's or docker's.
 */
const prefix = 'wireproof.'

/** The gateways every pod sees; they exist as neighbour entries only (as in Calico and Cilium), so pods ask nobody for them. */
export const podGateways: Readonly<Record<IpFamily, Address>> = { ipv4: '169.254.1.1', ipv6: 'fe80::1' }
/** The node's interface on the wire, in the node's namespace. */
export const wireDevice = 'eth0'
export const podDevice = 'eth0'
export const bridge = 'br0'

export function wireNamespace(lab: string): string {
  return `${prefix}${lab}.wire`
}

export function nodeNamespace(lab: string, node: string): string {
  return `${prefix}${lab}.node.${node}`
}

export function podNamespace(lab: string, pod: string): string {
  return `${prefix}${lab}.pod.${pod}`
}

export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`
}

/** The lab a namespace belongs to, or undefined for a namespace that is not ours. */
export function labOfNamespace(namespace: string): string | undefined {
  const [lab, kind] = namespace.startsWith(prefix) ? namespace.slice(prefix.length).split('.') : []
  return lab && kind ? lab : undefined
}

/** The bridge port that faces a node, in the wire's namespace. */
export function wirePort(node: string): string {
  return `n-${node}`
}

/** The bridge port by which a pod is connected that should not be, or somebody who is no node. */
export function strangersPort(who: string): string {
  return `x-${who}`
}

/** What somebody on the wire is called who is no node. */
export const stranger = 'stranger'
export const strangerMac = '02:58:00:00:00:01'

export function strangerNamespace(lab: string): string {
  return `${prefix}${lab}.${stranger}`
}

/** The other end of that cable. */
export const strangersDevice = 'wire0'

/** The host side of a pod's veth pair, in its node's namespace. */
export function podPort(pod: string): string {
  return `p-${pod}`
}

/** The alias by which an agent finds its pods' devices again after a restart. */
export function podAlias(pod: string): string {
  return `wireproof:pod=${pod}`
}

export const runDirectories = '/run/wireproof-labs'

/** Directory of a lab's cluster store, agent sockets and logs: on tmpfs, readable by its owner only. */
export function runDirectory(lab: string): string {
  return `${runDirectories}/${lab}`
}

export function clusterDirectory(lab: string): string {
  return `${runDirectory(lab)}/cluster`
}

export function agentSocket(lab: string, node: string): string {
  return `${runDirectory(lab)}/agents/${node}.sock`
}

/** Where the node's agent answers the `hubble` command. */
export function hubbleSocket(lab: string, node: string): string {
  return `${runDirectory(lab)}/agents/${node}.hubble.sock`
}

export function agentLog(lab: string, node: string): string {
  return `${runDirectory(lab)}/agents/${node}.log`
}

/** Pods of all nodes come from here. */
const podRanges: Readonly<Record<IpFamily, string>> = { ipv4: '10.0.0.0/8', ipv6: 'fd57::/16' }

export function podRangesOf(families: readonly IpFamily[]): string[] {
  return families.map((family) => podRanges[family])
}

export const underlayPrefixLengths: Readonly<Record<IpFamily, number>> = { ipv4: 16, ipv6: 64 }

/** In clear, a packet of IPv6 needs a next hop that speaks it; one of IPv4 does with either. */
function underlayFamily(families: readonly IpFamily[]): IpFamily {
  return families.includes('ipv6') ? 'ipv6' : 'ipv4'
}

export function familyOf(address: Address): IpFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}

/** A node's addresses follow from its id, so two nodes of a lab never share one. */
export function placeNode(spec: NodeSpec, id: number, families: readonly IpFamily[]): LabNode {
  const [high, low] = [id >> 8, id & 0xff]
  const group = id.toString(16)
  const underlays = { ipv4: `192.168.${high}.${low}`, ipv6: `fd56::${group}` }
  const prefixes = { ipv4: `10.${high}.${low}.0/24`, ipv6: `fd57:${group}::/64` }
  return {
    name: spec.name,
    id,
    underlay: underlays[underlayFamily(families)],
    podCidrs: families.map((family) => prefixes[family]),
    ...(spec.labels && { labels: spec.labels }),
  }
}

/** @param host 2 to 254, unique among the pods of the node. */
export function placePod(spec: PodSpec, node: LabNode, host: number): LabPod {
  const addresses = node.podCidrs.map((prefix) =>
    familyOf(prefix) === 'ipv4'
      ? prefix.replace(/0\/24$/, `${host}`)
      : prefix.replace(/\/64$/, host.toString(16)),
  )
  return { name: spec.name, node: node.name, addresses, labels: spec.labels ?? {} }
}

/** The number that {@link placePod} gave a pod. */
export function hostOf({ addresses }: LabPod): number {
  return tellingBytes(addresses[0]!).at(-1)!
}

/** The smallest number from `first` on that is not taken. */
export function firstFree(taken: Iterable<number>, first: number): number {
  const used = new Set(taken)
  let candidate = first
  while (used.has(candidate)) candidate++
  return candidate
}

/** Locally administered MAC addresses, readable in a capture: 02:57 for nodes, 02:50 for pods, 02:47 for gateways. */
export function mac(kind: 'node' | 'pod' | 'gateway', address: Address): string {
  const first = { node: '57', pod: '50', gateway: '47' }[kind]
  const bytes = tellingBytes(address).map((byte) => byte.toString(16).padStart(2, '0'))
  return `02:${first}:${bytes.join(':')}`
}

/** By which an address of a lab differs from every other of its kind: all four of IPv4; of IPv6 the node's group and the last. */
function tellingBytes(address: Address): number[] {
  if (familyOf(address) === 'ipv4') return address.split('.').map(Number)
  const [, node = '', host = ''] = /^fd5[67]:?([0-9a-f]*)::([0-9a-f]+)$/.exec(address) ?? []
  return [node, host].flatMap((group) => {
    const value = Number.parseInt(group || '0', 16)
    return [value >> 8, value & 0xff]
  })
}

/**
 * What encryption adds at most, with any suite, over IPv4 or IPv6
 * (docs/suites.md; test/suites.test.ts holds it against the agent's own table). The most expensive suite decides, since a lab
 * can go from one to another while its pods live, and the MTU that they and their connections have learned must fit them all.
 */
export const encryptionOverhead = 97

/** By how many bytes VXLAN makes a packet longer at most, over IPv6; test/suites.test.ts holds it against the agent's own, too. */
export const vxlanOverhead = 70

/** By how many bytes pods keep below the wire's MTU. */
export function overheadOf(routing: Routing): number {
  return encryptionOverhead + (routing === 'vxlan' ? vxlanOverhead : 0)
}
