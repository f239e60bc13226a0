import { isIPv6 } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeIp, formatIpv6, parseAddress } from 'tcpdump-parse'
import type { Lab, LabNode, LabPod, Stranger } from '../../lab/lab.ts'
import { nowInNanoseconds } from '../arm.ts'
import { type AttemptKind, attemptPlans, fingerprint } from '../proof/index.ts'
import { sabotageFailed } from '../sabotage/sabotage.ts'
import { WORKLOAD_PORT } from '../workload/pod-process.ts'
import type { Change, ChangeHands } from './change.ts'
import { espOfNobody, espWithAnotherKey, forgedDatagram, frameTo } from './forged-packet.ts'
import { inRounds, times } from './rounds.ts'

const packetsEach = 3
/** Counters are written at once; a slow machine may take its time to send. */
const countedWithinMs = 700
const betweenMs = 50

/** Somebody on the wire, a pod and a node try to get packets to a pod that no pod sent. */
export const spoof: Change = {
  kind: 'spoof',
  title: 'Intruders on the wire, in a pod and in a node, stopped and named',
  rounds: 2,
  everyMs: 40,
  rightly: {
    text:
      'A machine that is no node is plugged into the wire: it sends in clear under a pod’s address, makes up ESP, and repeats what ' +
      'it overhears. A pod speaks under the address of others. And a node, with keys that are good, speaks for a pod that lives elsewhere.',
    notes: 'Each attempt has to be stopped by the one whose task it is, and counted under its name.',
    isRandom: true,
    what: (rounds) => `intruders tried everything that they can, ${times(rounds)}`,
    change: (hands) => tryEverything(hands),
  },
  botched: {
    heading: 'The door left open',
    text: 'The same, with strict mode off. What comes in clear under a pod’s address has to be seen to arrive.',
    notes:
      'Encryption that does not refuse what is not encrypted protects what is sent, and not who receives.',
    strict: false,
    isRandom: true,
    what: (rounds) => `intruders tried everything that they can, with strict mode off, ${times(rounds)}`,
    change: (hands) => tryEverything(hands),
  },
}

async function tryEverything(hands: ChangeHands): Promise<void> {
  const { lab } = hands
  const stranger = await lab.plugStranger()
  let unplug: (() => Promise<void>) | undefined = () => stranger.unplug()
  const remove = async () => {
    const once = unplug
    unplug = undefined
    await once?.()
  }
  hands.afterwards('Unplug the stranger', remove)
  try {
    const [nodes, pods] = await Promise.all([lab.nodes(), lab.pods()])
    await inRounds(hands, 'attempts', async () => {
      const scene = chosenScene(hands, nodes, pods)
      await fromTheWire(hands, scene, stranger)
      await fromAPod(hands, scene)
      await fromANode(hands, scene)
    })
  } finally {
    await remove()
  }
}

interface Scene {
  /** Whose address is used, whom it is sent to, and their nodes. */
  readonly from: LabPod
  readonly to: LabPod
  readonly fromNode: LabNode
  readonly toNode: LabNode
  /** Theirs, of one family. */
  readonly source: string
  readonly destination: string
  /** The addresses of a pod beside `from`, and of one on another node. */
  readonly neighbour: string
  readonly elsewhere: string
}

function chosenScene(
  { routes, instants }: ChangeHands,
  nodes: readonly LabNode[],
  pods: readonly LabPod[],
): Scene {
  const { from, to, address: destination } = routes[instants.next(routes.length)]!
  const ofOneFamily = ({ addresses }: LabPod) =>
    addresses.find((each) => isIPv6(each) === isIPv6(destination))
  const nodeOf = ({ node }: LabPod) => nodes.find(({ name }) => name === node)!
  const another = (isIt: (pod: LabPod) => boolean) =>
    pods
      .filter((pod) => pod.name !== from.name && pod.name !== to.name && isIt(pod))
      .map(ofOneFamily)
      .find((address) => address !== undefined)
  const source = ofOneFamily(from)!
  return {
    ...{ from, to, fromNode: nodeOf(from), toNode: nodeOf(to), source, destination },
    neighbour: another(({ node }) => node === from.node) ?? nextTo(source),
    elsewhere: another(({ node }) => node !== from.node) ?? nextTo(destination),
  }
}

/** Of the same prefix, whether a pod has it or not. */
function nextTo(address: string): string {
  const bytes = parseAddress(address)
  const last = bytes.length - 1
  bytes[last] = bytes[last]! ^ 1 || 254
  return isIPv6(address) ? formatIpv6(bytes) : bytes.join('.')
}

async function fromTheWire(hands: ChangeHands, scene: Scene, stranger: Stranger): Promise<void> {
  const { lab } = hands
  const { fromNode, toNode, source } = scene
  const overheard = await stranger.overhear(fromNode.name, toNode.underlay, packetsEach)
  const device = overheard[0]!.subarray(0, 6)
  const sa = (await lab.securityAssociations(fromNode.name)).find(
    ({ direction, destination }) => direction === 'out' && destination === toNode.underlay,
  )
  if (!sa) throw sabotageFailed(`${fromNode.name} has no SA to ${toNode.name}`)
  const send = (packet: Buffer) => stranger.send(frameTo(device, stranger.mac, packet))
  const by = 'stranger'
  const node = toNode.name
  await attempt(hands, scene, { kind: 'clear', by, node, packets: datagrams(source, scene), send })
  const made = several(() => espOfNobody(fromNode.underlay, toNode.underlay))
  await attempt(hands, scene, { kind: 'made-up-spi', by, node, packets: made, send })
  const carried = datagrams(source, scene)
  const sealed = carried.map((inner, index) => espWithAnotherKey(sa, inner, BigInt(index)))
  await attempt(hands, scene, { kind: 'wrong-key', by, node, packets: sealed, carried, send })
  const again = overheard.map((frame) => frame.subarray(14))
  await attempt(hands, scene, { kind: 'replayed', by, node, packets: again, send })
}

async function fromAPod(hands: ChangeHands, scene: Scene): Promise<void> {
  const { from, neighbour, elsewhere } = scene
  const send = (packet: Buffer) => hands.lab.sendPacket(from.name, packet)
  for (const [kind, address] of [
    ['neighbour', neighbour],
    ['elsewhere', elsewhere],
  ] as const)
    await attempt(hands, scene, {
      kind,
      by: from.name,
      node: from.node,
      packets: datagrams(address, scene),
      send,
    })
}

async function fromANode(hands: ChangeHands, scene: Scene): Promise<void> {
  const { fromNode, toNode, elsewhere } = scene
  const mark = await sealingMark(hands.lab, fromNode.name)
  const packets = datagrams(elsewhere, scene)
  const send = (packet: Buffer) => hands.lab.sendPacket(fromNode.name, packet, mark)
  await attempt(hands, scene, { kind: 'wrong-node', by: fromNode.name, node: toNode.name, packets, send })
}

interface Try {
  readonly kind: AttemptKind
  readonly by: string
  /** Where it has to be stopped. */
  readonly node: string
  readonly packets: readonly Buffer[]
  readonly carried?: readonly Buffer[]
  send(packet: Buffer): Promise<void>
}

async function attempt({ lab, mark, tried, task }: ChangeHands, { to }: Scene, one: Try): Promise<void> {
  const { kind, by, node, packets, carried = [], send } = one
  const count = () => counterOf(lab, node, kind)
  const before = await count()
  const at = nowInNanoseconds()
  mark(`${by}: ${attemptPlans[kind].what}`)
  for (const packet of packets) await send(packet)
  const deadline = performance.now() + countedWithinMs
  let after = await count()
  while (after - before < packets.length && performance.now() < deadline) {
    await sleep(betweenMs, undefined, { signal: task.signal })
    after = await count()
  }
  const known = (list: readonly Buffer[]) => list.map((packet) => fingerprint(decodeIp(packet)))
  const counted = { before, after }
  tried({ kind, by, toPod: to.name, node, at, packets: known(packets), carried: known(carried), counted })
}

async function counterOf(lab: Lab, node: string, kind: AttemptKind): Promise<number> {
  const { stoppedBy, counter } = attemptPlans[kind]
  if (stoppedBy === 'kernel') return (await lab.refusals(node))[counter] ?? 0
  return (await lab.status(node)).counters[counter]?.packets ?? 0
}

function datagrams(source: string, { destination }: Scene): Buffer[] {
  return several(() => forgedDatagram(source, destination, WORKLOAD_PORT))
}

function several(make: () => Buffer): Buffer[] {
  return Array.from({ length: packetsEach }, make)
}

/** What has a node seal a packet: anybody who is root there can read it. */
async function sealingMark(lab: Lab, node: string): Promise<number> {
  const child = lab.spawn(node, ['ip', 'xfrm', 'policy', 'list', 'dir', 'out'])
  const [code, said] = await Promise.all([child.exit, text(child.stdout), text(child.stderr)])
  const [, mark] = /mark (0x[0-9a-f]+)\//.exec(said) ?? []
  if (code !== 0 || mark === undefined) throw sabotageFailed(`no policy of ${node} has a mark`)
  return Number(mark)
}
