import { isIPv4, isIPv6 } from 'node:net'
import { parseAddress } from 'tcpdump-parse'
import type { NodeFacts, PodFacts, RunFacts, Scope } from './run.ts'

/** Who owns which address: tells protected traffic from the rest. Addresses of IPv6 are spelled as RFC 5952 has it. */
export interface AddressBook {
  /** The node whose pods take addresses from the prefix that holds this one; undefined: not protected. */
  nodeOfPodAddress(address: string): NodeFacts | undefined
  podAt(address: string): PodFacts | undefined
  nodeAt(underlay: string): NodeFacts | undefined
  /** The pod, or the node in scope itself, that has this address. */
  senderAt(address: string): Sender | undefined
  /** Where a packet goes or comes from that is to be told from the rest: a pod's node, or a node in scope itself. */
  homeOf(address: string): NodeFacts | undefined
  /** Whether a packet is a pod's, or goes to one, or from one node in scope to another. */
  isOfCluster(source: string, destination: string): boolean
  /** Whether a packet between these is to be encrypted once it leaves its node: one end in scope is enough. */
  isCovered(source: string, destination: string): boolean
  /** Addresses of pods in scope as the bytes they have in a packet. */
  readonly podAddressBytes: readonly { readonly address: string; readonly bytes: Buffer }[]
}

/** A pod; or a node, as far as what it sends itself is to be encrypted, in the form of a pod that has the node's address. */
export type Sender = PodFacts

/** All whose packets are to be encrypted where that is what a policy says, and all other pods. */
export function sendersOf(
  { nodes, pods }: Pick<RunFacts, 'nodes' | 'pods'>,
  scope?: Pick<Scope, 'nodes'>,
): readonly Sender[] {
  const own = nodes
    .filter(({ name }) => scope?.nodes?.includes(name))
    .map(({ name, underlay }) => ({ name, node: name, addresses: [underlay] }))
  return [...pods, ...own]
}

/** @param scope of what is to be encrypted; all pods, when absent. */
export function addressBook(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope?: Pick<Scope, 'pods' | 'nodes'>,
): AddressBook {
  const senders = new Map(
    sendersOf(facts, scope).flatMap((sender) =>
      sender.addresses.map((address) => [address, sender] as const),
    ),
  )
  const isOutOfScope = (pod: PodFacts) => scope !== undefined && !scope.pods.includes(pod.name)
  const prefixes = facts.nodes.flatMap((node) =>
    node.podCidrs.map((podCidr) => ({ node, ...parsePrefix(podCidr) })),
  )
  const pods = new Map(facts.pods.flatMap((pod) => pod.addresses.map((address) => [address, pod] as const)))
  const nodes = new Map(facts.nodes.map((node) => [node.underlay, node]))
  const known = new Map<string, NodeFacts | undefined>()
  const find = (address: string) => {
    const bytes = bytesOf(address)
    return bytes && prefixes.find(({ network, length }) => begins(bytes, network, length))?.node
  }
  const nodeOfPodAddress = (address: string) => {
    if (!known.has(address)) known.set(address, find(address))
    return known.get(address)
  }
  const nodeInScopeAt = (address: string) => (senders.has(address) ? nodes.get(address) : undefined)
  return {
    nodeOfPodAddress,
    senderAt: (address) => senders.get(address),
    homeOf: (address) => nodeOfPodAddress(address) ?? nodeInScopeAt(address),
    isOfCluster: (...ends) => ends.some(nodeOfPodAddress) || ends.every(nodeInScopeAt),
    podAt: (address) => pods.get(address),
    nodeAt: (underlay) => nodes.get(underlay),
    isCovered: (...ends) =>
      ends.some((end) => {
        const pod = pods.get(end)
        return pod === undefined || !isOutOfScope(pod)
      }),
    podAddressBytes: facts.pods
      .filter((pod) => !isOutOfScope(pod))
      .flatMap(({ addresses }) =>
        addresses.flatMap((address) => {
          const bytes = bytesOf(address)
          return bytes ? [{ address, bytes }] : []
        }),
      ),
  }
}

function parsePrefix(cidr: string): { network: Buffer; length: number } {
  const [address = '', length = ''] = cidr.split('/')
  const network = bytesOf(address)
  if (!network || !/^\d+$/.test(length) || Number(length) > network.length * 8)
    throw new RangeError(`${cidr} is not a prefix of IPv4 or IPv6`)
  return { network, length: Number(length) }
}

/** Whether the first `length` bits are those of the network; of the other family they never are. */
function begins(bytes: Buffer, network: Buffer, length: number): boolean {
  if (bytes.length !== network.length) return false
  const whole = length >> 3
  if (!bytes.subarray(0, whole).equals(network.subarray(0, whole))) return false
  const rest = 8 - (length & 7)
  return rest === 8 || bytes[whole]! >> rest === network[whole]! >> rest
}

function bytesOf(address: string): Buffer | undefined {
  return isIPv4(address) || isIPv6(address) ? parseAddress(address) : undefined
}
