import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { LabPod } from '../../lab/lab.ts'

/** One exchange between two pods, not yet made. */
export interface CanaryPlan {
  readonly id: string
  readonly token: string
  readonly from: LabPod
  readonly to: LabPod
  /** Of the receiver. */
  readonly address: string
  readonly protocol: 'udp' | 'tcp'
  readonly bytes: number
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Fresh and unguessable: 128 random bits in base32 (RFC 4648), so that finding it anywhere means that this payload was there. */
export function canaryToken(random: (bytes: number) => Uint8Array = randomBytes): string {
  const bits = [...random(16)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const digits = bits.padEnd(130, '0').match(/.{5}/g)!
  return `WP-CANARY-${digits.map((digit) => alphabet[Number.parseInt(digit, 2)]).join('')}`
}

/** From less than the token's room to several TCP segments; a datagram always fits the path, as UDP would fragment. */
const sizes = { udp: [64, 512, 1200], tcp: [64, 1400, 6000] } as const

/**
 * In a large lab the pairs are sampled evenly: that all of them meet proves no more, and takes a slow kernel minutes. But
 * every pod sends.
 */
const mostPairs = 200

/**
 * Every ordered pair of pods on different nodes, and one pair on the same node where there is one, each over UDP and TCP and
 * every family. A node that is one of them has one address, and reaches pods by theirs of that family.
 */
export function planCanaries(
  arm: string,
  pods: readonly LabPod[],
  token: () => string = canaryToken,
): CanaryPlan[] {
  return pairsToTry(pods).flatMap(({ from, to }, pair) =>
    destinations(from, to).flatMap(({ address, suffix }) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        id: `${arm}/${from.name}-${to.name}/${protocol}${suffix}`,
        token: token(),
        from,
        to,
        address,
        protocol,
        bytes: sizes[protocol][pair % sizes[protocol].length]!,
      })),
    ),
  )
}

/** Where one is reached by the other; where there is more than one way, they are told apart. */
function destinations(
  from: LabPod,
  to: LabPod,
): readonly { readonly address: string; readonly suffix: string }[] {
  const isShared = (address: string) => from.addresses.some((own) => isIPv6(own) === isIPv6(address))
  return to.addresses.filter(isShared).map((address) => ({
    address,
    suffix: to.addresses.length > 1 ? (isIPv6(address) ? '/ipv6' : '/ipv4') : '',
  }))
}

export interface StreamPlan {
  readonly name: string
  readonly from: LabPod
  readonly to: LabPod
  /** Of the receiver. */
  readonly address: string
}

/** In a large lab the pairs of nodes are sampled, too: a datagram every few milliseconds on each costs a slow kernel much. */
const mostStreams = 60

/** One pair of pods for each ordered pair of nodes and every family, so that every pod has its turn and every node sends. */
export function planStreams(pods: readonly LabPod[]): readonly StreamPlan[] {
  const byNode = [...Map.groupBy(pods, ({ node }) => node).values()]
  let turn = 0
  const pairs = byNode.flatMap((senders) =>
    byNode
      .filter((receivers) => receivers !== senders)
      .map((receivers) => {
        const at = turn++
        return { from: senders[at % senders.length]!, to: receivers[at % receivers.length]! }
      }),
  )
  return evenly(pairs, Math.max(mostStreams, byNode.length)).flatMap(({ from, to }) =>
    destinations(from, to).map(({ address, suffix }) => ({
      name: `${from.name}-${to.name}${suffix}`,
      from,
      to,
      address,
    })),
  )
}

function pairsToTry(pods: readonly LabPod[]): readonly { from: LabPod; to: LabPod }[] {
  const ordered = pods.flatMap((from) => pods.filter((to) => to !== from).map((to) => ({ from, to })))
  const sameNode = ordered.find(
    ({ from, to }) => from.node === to.node && !isNodeItself(from) && !isNodeItself(to),
  )
  const acrossTheWire = ordered.filter(({ from, to }) => from.node !== to.node)
  const sampled = evenly(acrossTheWire, Math.max(mostPairs, pods.length))
  return sameNode === undefined ? sampled : [...sampled, sameNode]
}

/** Its instrument is where other nodes are heard, and shows nothing of its own pods. */
function isNodeItself({ name, node }: LabPod): boolean {
  return name === node
}

function evenly<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]!)
}
