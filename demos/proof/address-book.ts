import { isIPv4 } from 'node:net'
import type { NodeFacts, PodFacts, RunFacts, Scope } from './run.ts'

/** Who owns which address: tells protected traffic from the rest. */
export interface AddressBook {
  /** The node whose pods take addresses from the prefix that holds this one; undefined: not protected. */
  nodeOfPodAddress(address: string): NodeFacts | undefined
  podAt(address: string): PodFacts | undefined
  nodeAt(underlay: string): NodeFacts | undefined
  /** Whether a packet between these is to be encrypted once it leaves its node: one end in scope is enough. */
  isCovered(source: string, destination: string): boolean
  /** Addresses of pods in scope as the four bytes they have in a packet. */
  readonly podAddressBytes: readonly { readonly address: string; readonly bytes: Buffer }[]
}

/** @param scope of what is to be encrypted; all pods, when absent. */
export function addressBook(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope?: Pick<Scope, 'pods'>,
): AddressBook {
  const isOutOfScope = (pod: PodFacts) => scope !== undefined && !scope.pods.includes(pod.name)
  const prefixes = facts.nodes.map((node) => ({ node, ...parsePrefix(node.podCidr) }))
  const pods = new Map(facts.pods.map((pod) => [pod.address, pod]))
  const nodes = new Map(facts.nodes.map((node) => [node.underlay, node]))
  const known = new Map<string, NodeFacts | undefined>()
  const find = (address: string) => {
    if (!isIPv4(address)) return undefined
    const value = ipv4Number(address)
    return prefixes.find(({ network, mask }) => (value & mask) >>> 0 === network)?.node
  }
  return {
    nodeOfPodAddress(address) {
      if (!known.has(address)) known.set(address, find(address))
      return known.get(address)
    },
    podAt: (address) => pods.get(address),
    nodeAt: (underlay) => nodes.get(underlay),
    isCovered: (...ends) =>
      ends.some((end) => {
        const pod = pods.get(end)
        return pod === undefined || !isOutOfScope(pod)
      }),
    podAddressBytes: facts.pods
      .filter((pod) => isIPv4(pod.address) && !isOutOfScope(pod))
      .map(({ address }) => ({ address, bytes: Buffer.from(address.split('.').map(Number)) })),
  }
}

function parsePrefix(cidr: string): { network: number; mask: number } {
  const [address = '', length = ''] = cidr.split('/')
  if (!isIPv4(address) || !/^\d+$/.test(length) || Number(length) > 32)
    throw new RangeError(`${cidr} is not an IPv4 prefix`)
  const mask = Number(length) === 0 ? 0 : (0xffffffff << (32 - Number(length))) >>> 0
  return { network: (ipv4Number(address) & mask) >>> 0, mask }
}

function ipv4Number(address: string): number {
  return address.split('.').reduce((value, byte) => (value << 8) | Number(byte), 0) >>> 0
}
