import { isIPv4, isIPv6 } from 'node:net'
import { parseAddress } from 'tcpdump-parse'
import type { Guests, NodeFacts, PodFacts, RunFacts, Scope } from './run.ts'

/**
 * Which addresses are whose: tells protected traffic from the rest. What belongs to anybody at any time is protected
 * throughout; to whom, is known of an instant. Addresses of IPv6 are spelled as RFC 5952 has it.
 */
export interface AddressBook {
  /** As it is at that time, in nanoseconds since the epoch. */
  at(time: bigint): Holders
  /** Whether pods take addresses from a prefix that holds this one. */
  isOfPods(address: string): boolean
  /** Whether a packet is a pod's, or goes to one, or from one node in scope to another. */
  isOfCluster(source: string, destination: string): boolean
  /** Whether a packet between these is to be encrypted once it leaves its node: one end in scope is enough. */
  isCovered(source: string, destination: string): boolean
  /** Addresses of pods in scope as the bytes they have in a packet. */
  readonly podAddressBytes: readonly { readonly address: string; readonly bytes: Buffer }[]
}

/** Who has which address at an instant. */
export interface Holders {
  podAt(address: string): PodFacts | undefined
  nodeAt(underlay: string): NodeFacts | undefined
  /** The pod, or the node in scope itself, that has this address. */
  senderAt(address: string): Sender | undefined
  /** Where a packet goes or comes from that is to be told from the rest: a pod's node, or a node in scope itself. */
  homeOf(address: string): NodeFacts | undefined
}

/** A pod; or a node, as far as what it sends itself is to be encrypted, in the form of a pod that has the node's address. */
export type Sender = PodFacts

/** All whose packets are to be encrypted where that is what a policy says, and all other pods. */
export function sendersOf({ nodes, pods }: Crowd, scope?: Pick<Scope, 'nodes'>): readonly Sender[] {
  const own = nodes
    .filter(({ name }) => scope?.nodes?.includes(name))
    .map(({ name, underlay }) => ({ name, node: name, addresses: [underlay] }))
  return [...pods, ...own]
}

/** @param scope of what is to be encrypted; all pods, when absent. */
export function addressBook(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope?: Pick<Scope, 'pods' | 'nodes'>,
  guests: Guests = { nodes: [], pods: [] },
): AddressBook {
  const everybody = {
    nodes: [...facts.nodes, ...guests.nodes],
    pods: [...facts.pods, ...guests.pods],
  }
  const nodeOfPodAddress = prefixSearch(everybody.nodes)
  const pods = new Map(podsByAddress(everybody.pods))
  const isOutOfScope = (pod: PodFacts) => scope !== undefined && !scope.pods.includes(pod.name)
  const inScope = new Set(facts.nodes.filter(({ name }) => scope?.nodes?.includes(name)).map(underlayOf))
  const isOfPods = (address: string) => nodeOfPodAddress(address) !== undefined
  const protectedAddresses = new Set(
    everybody.pods.filter((pod) => !isOutOfScope(pod)).flatMap(({ addresses }) => addresses),
  )
  return {
    at: holdersOver(facts, scope, guests),
    isOfPods,
    isOfCluster: (...ends) => ends.some(isOfPods) || ends.every((end) => inScope.has(end)),
    isCovered: (...ends) =>
      ends.some((end) => {
        const pod = pods.get(end)
        return pod === undefined || !isOutOfScope(pod)
      }),
    podAddressBytes: [...protectedAddresses].flatMap((address) => {
      const bytes = bytesOf(address)
      return bytes ? [{ address, bytes }] : []
    }),
  }
}

/** From one coming or going to the next everybody has what he has. */
function holdersOver(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope: Pick<Scope, 'nodes'> | undefined,
  { nodes, pods }: Guests,
): AddressBook['at'] {
  const instants = [...nodes, ...pods]
    .flatMap(({ from, until }) => [BigInt(from), BigInt(until)])
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const known = new Map<number, Holders>()
  return (time) => {
    const begun = countUpTo(instants, time)
    let holders = known.get(begun)
    if (!holders) {
      const since = instants[begun - 1]
      const there = <Guest extends Stay>(all: readonly Guest[]) =>
        since === undefined ? [] : all.filter((each) => isThere(each, since))
      holders = holdersAmong(facts, scope, {
        nodes: lastToCome(there(nodes), ({ underlay, podCidrs }) => [underlay, ...podCidrs]),
        pods: lastToCome(there(pods), ({ addresses }) => addresses),
      })
      known.set(begun, holders)
    }
    return holders
  }
}

/** Whoever is there, for good or for a while. */
interface Crowd {
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
}

interface Stay {
  readonly from: string
  readonly until: string
}

function isThere({ from, until }: Stay, time: bigint): boolean {
  return BigInt(from) <= time && time < BigInt(until)
}

/** The clock by which they come and go has milliseconds: where two seem to have the same, the heir has it. */
function lastToCome<Guest extends Stay>(
  there: readonly Guest[],
  addressesOf: (guest: Guest) => readonly string[],
): readonly Guest[] {
  return there.filter(
    (guest) =>
      !there.some(
        (other) =>
          BigInt(other.from) > BigInt(guest.from) &&
          addressesOf(other).some((address) => addressesOf(guest).includes(address)),
      ),
  )
}

function countUpTo(sorted: readonly bigint[], time: bigint): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= time) low = middle + 1
    else high = middle
  }
  return low
}

function holdersAmong(
  facts: Pick<RunFacts, 'nodes' | 'pods'>,
  scope: Pick<Scope, 'nodes'> | undefined,
  guests: Crowd,
): Holders {
  const there = { nodes: [...facts.nodes, ...guests.nodes], pods: [...facts.pods, ...guests.pods] }
  const senders = new Map(podsByAddress(sendersOf(there, scope)))
  const pods = new Map(podsByAddress(there.pods))
  const nodes = new Map(there.nodes.map((node) => [node.underlay, node]))
  const nodeOfPodAddress = prefixSearch(there.nodes)
  const nodeInScopeAt = (address: string) => (senders.has(address) ? nodes.get(address) : undefined)
  return {
    senderAt: (address) => senders.get(address),
    homeOf: (address) => nodeOfPodAddress(address) ?? nodeInScopeAt(address),
    podAt: (address) => pods.get(address),
    nodeAt: (underlay) => nodes.get(underlay),
  }
}

function podsByAddress(pods: readonly PodFacts[]): (readonly [string, PodFacts])[] {
  return pods.flatMap((pod) => pod.addresses.map((address) => [address, pod] as const))
}

function underlayOf({ underlay }: NodeFacts): string {
  return underlay
}

/** The node whose pods take addresses from the prefix that holds this one. */
function prefixSearch(nodes: readonly NodeFacts[]): (address: string) => NodeFacts | undefined {
  const prefixes = nodes.flatMap((node) =>
    node.podCidrs.map((podCidr) => ({ node, ...parsePrefix(podCidr) })),
  )
  const known = new Map<string, NodeFacts | undefined>()
  const find = (address: string) => {
    const bytes = bytesOf(address)
    return bytes && prefixes.find(({ network, length }) => begins(bytes, network, length))?.node
  }
  return (address) => {
    if (!known.has(address)) known.set(address, find(address))
    return known.get(address)
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
