import { decodeIp } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'
import { type Outcome, offendersShown, plural } from './check.ts'
import { associationId, associationIdOf } from './esp-sa.ts'
import { guestsOf } from './guests.ts'
import { type ArmView, offender, type SeenFrame } from './observe.ts'
import type { NodeFacts } from './run.ts'

/** A packet to or from an address that several had, one after the other. */
interface Inherited {
  readonly seen: SeenFrame
  readonly address: string
  /** Name of the node and the pod that have the address as the packet is sent. */
  readonly node: string | undefined
  readonly pod: string | undefined
  /** Whether it is the sender's address, or the receiver's. */
  readonly isSource: boolean
  /** The nodes whose kernels hold the SA, for that direction. */
  readonly holders: readonly string[]
}

/**
 * Holds when every packet to or from an address that was handed on was sealed with an SA that the kernel of the node has to
 * which the address belongs at that time, and no other node: never the predecessor's, nor an heir's too early. And when heirs
 * on other nodes, and on the same node, were seen to send and to be sent to.
 */
export function addressesApart(arm: ArmView): Outcome {
  const handedOn = handedOnIn(arm)
  const packets = inheritedPackets(arm, new Set(handedOn.keys()))
  const wrong = packets.filter(({ node, holders }) => node === undefined || holders.join() !== node)
  const heard = new Set(packets.map(({ pod, address, isSource }) => `${pod} at ${address} ${isSource}`))
  const silent = [...handedOn].flatMap(([address, heirs]) =>
    heirs
      .map((heir) => `${heir} at ${address}`)
      .filter((who) => ![true, false].every((isSource) => heard.has(`${who} ${isSource}`))),
  )
  const movedTo = [...handedOn.values()].filter((heirs) => new Set(heirs.map(nodeOfPod(arm))).size > 1)
  const numbers = {
    addresses: handedOn.size,
    toOtherNodes: movedTo.length,
    holders: [...handedOn.values()].reduce((sum, { length }) => sum + length, 0),
    packets: packets.length,
    wrong: wrong.length,
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
  })
  if (wrong[0])
    return outcome(
      'fails',
      `${plural(wrong.length, 'packet')} to or from ${plural(handedOn.size, 'address', 'addresses')} that were handed on ${wrong.length === 1 ? 'is' : 'are'} not sealed between whom the address belonged to, the first: ${whyOf(wrong[0])}.`,
      wrong.map((each) => offender(each.seen, whyOf(each))),
    )
  if (movedTo.length === 0)
    return outcome('inconclusive', 'No address of a pod was handed on to a pod on another node.')
  if (silent[0])
    return outcome('inconclusive', `The wire captures do not show packets both to and from ${silent[0]}.`)
  return outcome(
    'holds',
    `${plural(handedOn.size, 'address', 'addresses')} had ${numbers.holders} pods one after the other, ${movedTo.length} of them on different nodes: all ${plural(packets.length, 'packet')} to and from them are sealed with keys of the node that had the address then, and of no other.`,
  )
}

/** Addresses that several pods had, with their names. */
function handedOnIn(arm: ArmView): Map<string, readonly string[]> {
  const { pods } = guestsOf(arm)
  const all = pods.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })))
  const byAddress = Map.groupBy(all, ({ address }) => address)
  return new Map(
    [...byAddress].flatMap(([address, holders]) =>
      holders.length > 1 ? [[address, holders.map(({ name }) => name)] as const] : [],
    ),
  )
}

function nodeOfPod(arm: ArmView): (pod: string) => string | undefined {
  const nodes = new Map(guestsOf(arm).pods.map(({ name, node }) => [name, node]))
  return (pod) => nodes.get(pod)
}

function inheritedPackets(arm: ArmView, addresses: ReadonlySet<string>): Inherited[] {
  const nodesWith = holdersOf([...arm.associations.before, ...arm.associations.after])
  return arm.wire.flatMap((seen) => {
    const { opened, time } = seen
    if (!opened?.ok) return []
    const { source, destination } = decodeIp(opened.inner)
    const there = arm.book.at(time)
    return ([true, false] as const).flatMap((isSource): Inherited[] => {
      const address = isSource ? source : destination
      if (address === undefined || !addresses.has(address)) return []
      const node: NodeFacts | undefined = there.homeOf(address)
      const holders = nodesWith(isSource ? 'out' : 'in', associationIdOf(opened.sa))
      return [{ seen, address, node: node?.name, pod: there.podAt(address)?.name, isSource, holders }]
    })
  })
}

/** From whose kernels an SA was read. */
function holdersOf(associations: readonly SecurityAssociation[]) {
  const nodes = new Map<string, Set<string>>()
  for (const sa of associations) {
    const key = `${sa.direction} ${associationId(sa)}`
    nodes.set(key, (nodes.get(key) ?? new Set()).add(sa.node))
  }
  return (direction: SecurityAssociation['direction'], id: string) => [
    ...(nodes.get(`${direction} ${id}`) ?? []),
  ]
}

function whyOf({ seen, address, node, isSource, holders }: Inherited): string {
  const spi = `SPI 0x${seen.opened!.spi.toString(16)}`
  const who = holders.length > 0 ? holders.join(' and ') : 'nobody'
  return `${spi} ${isSource ? 'from' : 'to'} ${address}, which ${node ?? 'nobody'} had then, is ${who}'s`
}
