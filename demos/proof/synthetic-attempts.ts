import { randomBytes } from 'node:crypto'
import { decodeIp } from 'tcpdump-parse'
import { type AttemptKind, attemptKinds, attemptPlans } from './attempt.ts'
import { fingerprint } from './forwarding.ts'
import type { Attempt, NodeFacts, PodFacts } from './run.ts'
import { esp, ethernet, packet as ipPacket, routed, type Sealing, udp } from './synthetic-packet.ts'

/** What intruders need of an arm that was never played. */
export interface IntrudersScene {
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  /** The port of the wire that faces no node. */
  readonly port: string
  /** Whether what comes in clear is let through. */
  readonly isOpen: boolean
  now(): bigint
  record(instrument: string, data: Buffer): void
  /** As the node of `from` would seal it for that of `to`. */
  seal(from: PodFacts, to: PodFacts, packet: Buffer): Buffer
  /** What the first node sealed for the second, last; and under which association. */
  overheard(): Buffer
  association(): Omit<Sealing, 'sequence'>
}

/** Every kind of attempt once, by a stranger, the first pod and the first node, to a pod of the second node. */
export function tryAll(scene: IntrudersScene, round: number): Attempt[] {
  const { nodes, pods, port, isOpen, record } = scene
  const [from, neighbour] = pods as [PodFacts, PodFacts]
  const to = pods.find(({ node }) => node === nodes[1]!.name)!
  const elsewhere = pods.find(({ node }) => node === nodes[2]!.name)!
  const datagram = (source: PodFacts, what: string) =>
    ipPacket(
      source.addresses[0]!,
      to.addresses[0]!,
      17,
      udp(9, 9000, Buffer.from(`from nobody: ${what} ${round}`)),
    )
  const carried = datagram(from, 'wrong-key')
  const key = randomBytes(20).toString('hex')
  const packets: Readonly<Record<AttemptKind, Buffer>> = {
    clear: datagram(from, 'clear'),
    'made-up-spi': esp(carried, { ...scene.association(), key, spi: 0xff00_0000 + round, sequence: 1 }),
    'wrong-key': esp(carried, { ...scene.association(), key, sequence: 1_000_000 + round }),
    replayed: scene.overheard(),
    neighbour: datagram(neighbour, 'neighbour'),
    elsewhere: datagram(elsewhere, 'elsewhere'),
    'wrong-node': datagram(elsewhere, 'wrong-node'),
  }
  return attemptKinds.map((kind): Attempt => {
    const { comesFrom } = attemptPlans[kind]
    const packet = packets[kind]
    const by = { stranger: 'stranger', pod: from.name, node: from.node }[comesFrom]
    if (comesFrom === 'stranger') record(port, ethernet(packet))
    if (comesFrom === 'pod') record(`pod/${from.name}`, ethernet(packet))
    if (comesFrom === 'node') record(`wire/${from.node}`, ethernet(scene.seal(from, to, packet)))
    const isLetIn = isOpen && kind === 'clear'
    if (isLetIn) record(`pod/${to.name}`, ethernet(routed(packet, 1)))
    const known = (each: Buffer) => fingerprint(decodeIp(each))
    return {
      ...{ kind, by, toPod: to.name, node: comesFrom === 'pod' ? from.node : to.node, at: `${scene.now()}` },
      packets: [known(packet)],
      carried: kind === 'wrong-key' ? [known(carried)] : [],
      counted: { before: round, after: isLetIn ? round : round + 1 },
    }
  })
}
