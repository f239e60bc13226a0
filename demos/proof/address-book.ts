import { isIPv4, isIPv6 } from 'node:net'
import { parseAddress } from 'tcpdump-parse'
import type { NodeFacts, PodFacts, RunFacts, Scope } from './run.ts'

/** Who owns which address: tells protected traffic from the rest. Addresses of IPv6 are spelled as RFC 5952 has it. */
export interface AddressBook {
  /** The node whose pods take addresses from the prefix that holds this one; undefined: not protected. */
  nodeOfPodAddress(address: string): NodeFacts | undefined
  podAt(address: string): PodFacts | undefined
  nodeAt(underlay: string): NodeFacts | undefined
  /** Whether a packet between these is to be encrypted once it leaves its node: one end in scope is enough. */
  isCovered(source: string, destination: string): boolean
  /** Addresses of pods in scope as the bytes they have in a packet. */
  readonly podAddressBytes: readonly { readonly address: string; readonly bytes: Buffer }[]
}

/** @param scope of what is to be encrypted; all pods, when absent. */
export function addressBook(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope?: Pick<Scope, 'pods'>,
): AddressBook {
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
