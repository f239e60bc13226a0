import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { SecurityAssociation } from '../../agent/api.ts'
import type { Sender } from './address-book.ts'
import { type ArmName, armNames, sabotageOf } from './arms.ts'
import { changeOf, isBotched, mishapOf } from './change.ts'
import { concerns } from './denials.ts'
import type {
  Attempt,
  Canary,
  CapturedFrame,
  Change,
  Denial,
  Guests,
  NodeFacts,
  PodFacts,
  Session,
  Stream,
} from './run.ts'
import { type Consequence, consequenceOf, type SabotageKind } from './sabotage.ts'
import { answerTo, datagramText, underWay } from './streams.ts'
import { type IntrudersScene, tryAll } from './synthetic-attempts.ts'
import {
  arp,
  esp,
  ethernet,
  icmpv6,
  packet as ipPacket,
  routed,
  tcp,
  udp,
  vxlan,
} from './synthetic-packet.ts'

export const sabotagedNode = 'a'
/** Those that a policy covers, where it does not cover all. */
export const coveredPods: readonly string[] = ['b1', 'b2']
/** Where a cable that should not be there comes in. */
export const strangersPort = 'wire/port:x-a1'

/** What instruments, kernels and programs recorded of one arm that was never played. */
export interface SyntheticArm {
  readonly settings: { readonly encryptL3: boolean; readonly strict: boolean }
  readonly sabotaged: readonly string[]
  readonly canaries: Canary[]
  /** Of an arm in which something changes. */
  readonly change?: Change
  readonly streams?: Stream[]
  readonly sessions?: Session[]
  /** By instrument. */
  readonly frames: Map<string, CapturedFrame[]>
  readonly before: Association[]
  readonly after: Association[]
  /** Packets that were dropped or refused because of the sabotage. */
  readonly stopped: number
  readonly ended: bigint
}

export type Association = { -readonly [Field in keyof SecurityAssociation]: SecurityAssociation[Field] }

/** How a packet fares: `aside` leaves by another cable than the pod's own. */
interface Fate {
  readonly wire: 'sealed' | 'clear' | 'aside' | 'stopped' | 'unsent'
  readonly arrives: boolean
  readonly twice?: boolean
}

const sealed: Fate = { wire: 'sealed', arrives: true }

const fates: Readonly<Record<Consequence, Fate>> = {
  leak: { wire: 'clear', arrives: true },
  'leak-refused': { wire: 'clear', arrives: false },
  'agent-drops': { wire: 'stopped', arrives: false },
  'kernel-drops': { wire: 'stopped', arrives: false },
  'receiver-refuses': { wire: 'sealed', arrives: false },
  unconnected: { wire: 'unsent', arrives: false },
}

export interface SyntheticLab {
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  /** Nodes that talk themselves, in the form of pods. */
  readonly themselves: readonly Sender[]
  readonly isOverlay: boolean
}

/** Sends a canary from each pod to each on another node, and one within a node, as the kernels would have it. */
export function syntheticArm(
  { nodes, pods, themselves, isOverlay }: SyntheticLab,
  name: ArmName,
  started: bigint,
  canariesPerPair: number,
  sent: bigint,
): SyntheticArm {
  const plan = sabotageOf(name)
  const settings = { encryptL3: name !== 'control', strict: plan?.mode !== 'permissive' }
  const everyPod = [...pods]
  const isPod = (sender: Sender) => everyPod.includes(sender)
  const sabotaged = plan ? sabotagedPods(plan.kind) : []
  const broken = [...sabotaged, ...themselves.flatMap(({ name }) => (name === sabotagedNode ? [name] : []))]
  const before = associationsBetween(nodes, sent)
  const after = structuredClone(before)
  if (plan?.kind === 'wrong-key') giveStrangersKeys(after, name)
  const ports = [
    ...nodes.map((node) => `wire/${node.name}`),
    ...pods.map((pod) => `pod/${pod.name}`),
    ...themselves.map((node) => `node/${node.name}`),
  ]
  if (plan?.kind === 'agent-bypassed' || changeOf(name) === 'spoof') ports.push(strangersPort)
  const frames = new Map(ports.map((port) => [port, [] as CapturedFrame[]]))
  const everyNode = [...nodes]
  let time = started
  const record = (instrument: string, data: Buffer) => {
    time += 20_000n
    frames.get(instrument)!.push({ time, data, length: data.length })
  }
  const fateOf = (from: PodFacts, to: PodFacts): Fate => {
    if (!settings.encryptL3 || name === 'services/misspelt') return { wire: 'clear', arrives: true }
    if (name === 'nodes/misspelt' && !(isPod(from) && isPod(to)))
      return { wire: 'clear', arrives: isPod(from) === isPod(to) }
    if (name === 'services' && !coveredPods.includes(from.name) && !coveredPods.includes(to.name))
      return { wire: 'clear', arrives: true }
    if (!plan) return sealed
    if (!broken.includes(from.name)) {
      const cutOff = plan.kind === 'agent-killed' && sabotaged.includes(to.name)
      return cutOff ? { wire: 'sealed', arrives: false } : sealed
    }
    if (from.node === to.node && plan.kind !== 'agent-killed') return sealed
    const fate = fates[consequenceOf(plan)]
    return plan.kind === 'agent-bypassed' ? { ...fate, wire: 'aside' } : fate
  }

  let stopped = 0
  const send = (
    from: PodFacts,
    to: PodFacts,
    payload: Buffer,
    protocol: number,
    { wire, arrives, twice }: Fate = fateOf(from, to),
    [source, destination] = waysBetween(from, to)[0]!,
  ): boolean => {
    const packet = ipPacket(source, destination, protocol, payload)
    if (isPod(from) && wire !== 'aside' && wire !== 'unsent') record(`pod/${from.name}`, ethernet(packet))
    const onWire = routed(packet, isPod(from) ? 1 : 0)
    if (from.node !== to.node) {
      const open = carriedBetween(from, to, onWire)
      const carrier = wire === 'sealed' ? seal(after, everyNode, name, from, to, open) : open
      if (wire === 'sealed' || wire === 'clear') record(`wire/${from.node}`, ethernet(carrier))
      if (wire === 'aside') record(strangersPort, ethernet(packet))
      if (!arrives) stopped++
      if (themselves.length > 0) comeToNode(to.node, wire, carrier, open)
    }
    for (let times = isPod(to) && arrives ? (twice ? 2 : 1) : 0; times > 0; times--)
      record(`pod/${to.name}`, ethernet(from.node === to.node ? onWire : routed(onWire, 1)))
    return arrives
  }
  /** What the node of a pod makes of its packet for a pod on another. */
  const carriedBetween = (from: PodFacts, to: PodFacts, packet: Buffer): Buffer => {
    if (!isOverlay || !isPod(from) || !isPod(to)) return packet
    const [source, destination] = [from, to].map(
      (pod) => nodes.find(({ name }) => name === pod.node)!.underlay,
    ) as [string, string]
    return ipPacket(source, destination, 17, udp(50_000, 4789, vxlan(ethernet(packet))))
  }
  /** What is encrypted is seen as it comes, and again when it is decrypted. */
  const comeToNode = (node: string, wire: Fate['wire'], carrier: Buffer, inner: Buffer) => {
    if (wire === 'sealed') record(`node/${node}`, ethernet(carrier))
    if (wire === 'sealed' || wire === 'clear') record(`node/${node}`, ethernet(inner))
  }

  for (const node of nodes) {
    record(`wire/${node.name}`, search(node.underlay))
    for (const other of themselves)
      if (other.name !== node.name) record(`node/${other.name}`, search(node.underlay))
  }
  const canaries: Canary[] = []
  for (const [from, to] of pairs([...pods, ...themselves]))
    for (let number = 0; number < canariesPerPair; number++)
      for (const [family, protocol] of waysBetween(from, to).flatMap((_, family) => [
        [family, 'udp'] as const,
        [family, 'tcp'] as const,
      ])) {
        const token = canaryToken(name, from.name, to.name, protocol, number, family)
        const payload = Buffer.from(`hello ${token} ${'.'.repeat((number * 97) % 900)}`)
        const segment =
          protocol === 'udp' ? udp(4000 + number, 7, payload) : tcp(5000 + number, 7, 1, payload)
        const answer = udp(7, 4000 + number, Buffer.from(`ok ${number}`))
        const delivered =
          send(
            from,
            to,
            segment,
            protocol === 'udp' ? 17 : 6,
            fateOf(from, to),
            waysBetween(from, to)[family],
          ) && send(to, from, answer, 17, fateOf(to, from), waysBetween(to, from)[family])
        canaries.push({
          id: `${name}/${from.name}-${to.name}/${protocol}/${number}/${family}`,
          token,
          fromPod: from.name,
          toPod: to.name,
          protocol,
          delivered,
          unchanged: delivered,
        })
      }
  const intruders: IntrudersScene = {
    ...{ nodes, pods, record, port: strangersPort, isOpen: name === 'spoof/open' },
    now: () => time,
    seal: (from, to, packet) => seal(after, nodes, name, from, to, carriedBetween(from, to, packet)),
    overheard: () =>
      frames
        .get(`wire/${nodes[0]!.name}`)!
        .findLast(({ data }) => data[23] === 50 && data[33] === nodes[1]!.id)!
        .data.subarray(14),
    association: () =>
      after.findLast(
        ({ source, destination }) => source === nodes[0]!.underlay && destination === nodes[1]!.underlay,
      )!,
  }
  const changed = changeOf(name) && sendStreams()
  return {
    settings,
    sabotaged: broken,
    canaries,
    frames,
    before,
    after,
    ...changed,
    stopped,
    ended: time + 1000n,
  }

  /** Streams between all nodes, in which every key is replaced twice; a datagram of each meets what the arm is about. */
  function sendStreams(): Pick<SyntheticArm, 'change' | 'streams' | 'sessions'> {
    const firsts = nodes.map((node) => pods.find((pod) => pod.node === node.name)!)
    const ends = firsts.flatMap((from) => firsts.flatMap((to) => (from === to ? [] : [[from, to] as const])))
    const fate = fateUnder(name)
    const streams = ends.map(([from, to]): Stream => {
      const id = `stream/${from.name}-${to.name}`
      const token = canaryToken(name, id)
      const answered = fate && !fate.arrives ? datagramsEach - 1 : datagramsEach
      return { id, token, fromPod: from.name, toPod: to.name, everyMs: 20, sent: datagramsEach, answered }
    })
    const moments: Change['moments'] = []
    const outages: NonNullable<Change['outages']> = []
    const sessions = changeOf(name) === 'policy' ? ends.map(openSession) : []
    const denials: Mutable<Denial>[] = []
    const attempts: Attempt[] = []
    const guests: Mutable<Guests> = { nodes: [], pods: [] }
    for (let number = 1; number <= datagramsEach; number++) {
      if (rekeyedBefore.includes(number) && changeOf(name) === 'churn') {
        const visit = comeAndGo(guests.nodes.length + 1)
        guests.nodes.push(visit.node)
        guests.pods.push(visit.pod)
        streams.push(...visit.streams)
        moments.push({ at: visit.node.ready, what: `node ${visit.node.name} had joined` })
      } else if (rekeyedBefore.includes(number)) {
        after.push(...rekeyed(current(after), name, number))
        time += 1000n
        moments.push({ at: `${time}`, what: 'every key was replaced' })
        if (name === 'partition') outages.push({ from: `${time}`, to: `${time + 1_000_000n}` })
      }
      const denial = sessions.length > 0 && rekeyedBefore.includes(number) ? deny(number) : undefined
      ends.forEach(([from, to], index) => {
        const { token } = streams[index]!
        const payload = Buffer.from(datagramText(token, number).padEnd(70, '.'))
        const special =
          (denial && fateOfDenied(name, denial, { fromPod: from.name, toPod: to.name })) ??
          (number === rekeyedBefore[0] ? fate : undefined)
        if (send(from, to, udp(5353, 9000, payload), 17, special))
          send(to, from, udp(9000, 5353, answerTo(payload)), 17)
        sessions[index]?.say(special)
      })
      if (changeOf(name) === 'spoof' && rekeyedBefore.includes(number))
        attempts.push(...tryAll(intruders, attempts.length))
      if (denial) {
        denial.lifting = denial.lifted = `${++time}`
        denials.push(denial)
      }
    }
    const dropped = denials.flatMap((denial) => namedBy(denial, ends))
    const change = {
      ...{ what: 'every key was replaced', rounds: moments.length, moments },
      ...(outages.length > 0 && { outages }),
      ...(denials.length > 0 && { denials, dropped }),
      ...(attempts.length > 0 && { attempts }),
      ...(guests.nodes.length > 0 && { guests }),
    }
    return { change, streams, ...(sessions.length > 0 && { sessions: sessions.map(({ facts }) => facts) }) }
  }

  /** A node with a pod joins at the addresses that the one before it had, talks to the first pod, and leaves. */
  function comeAndGo(visit: number) {
    const node = {
      name: `g${visit}`,
      id: 9,
      underlay: addressLike(nodes[0]!.underlay, 9),
      podCidrs: guestRanges,
    }
    const pod = { name: `g${visit}1`, node: node.name, addresses: guestAddresses }
    const host = pods[0]!
    for (const port of [`wire/${node.name}`, `pod/${pod.name}`]) frames.set(port, [])
    const from = `${++time}`
    everyNode.push(node)
    everyPod.push(pod)
    after.push(
      ...associationsBetween([...nodes, node], 0n).filter(({ source, destination }) =>
        [source, destination].includes(node.underlay),
      ),
    )
    const ready = `${++time}`
    const streams = [
      [pod, host],
      [host, pod],
    ].map(([sender, receiver]): Stream => {
      const [one, other] = [sender!, receiver!]
      const id = `stream/${one.name}-${other.name}`
      const token = canaryToken(name, id)
      for (let number = 1; number <= datagramsEach; number++) {
        const payload = Buffer.from(datagramText(token, number).padEnd(70, '.'))
        const special = number === 1 && one === pod && isBotched(name) ? fates.leak : sealed
        send(one, other, udp(5353, 9000, payload), 17, special)
        send(other, one, udp(9000, 5353, answerTo(payload)), 17, sealed)
      }
      const canary = canaryToken(name, id, 'canary')
      send(one, other, udp(4000, 7, Buffer.from(`hello ${canary}`)), 17, sealed)
      canaries.push({
        ...{ id: `${name}/${one.name}-${other.name}/udp`, token: canary },
        ...{ fromPod: one.name, toPod: other.name, protocol: 'udp', delivered: true, unchanged: true },
      })
      return {
        ...{ id, token, fromPod: one.name, toPod: other.name, everyMs: 20 },
        ...{ sent: datagramsEach, answered: datagramsEach },
      }
    })
    // Answers are waited for: who leaves has had all of them.
    time += underWay + 1n
    const leaving = `${time}`
    const stay = { from, ready, leaving, until: `${++time}` }
    everyNode.pop()
    return { node: { ...node, ...stay }, pod: { ...pod, ...stay }, streams }
  }

  /** A TCP session that sends what is not confirmed again with what is new. */
  function openSession([from, to]: readonly [PodFacts, PodFacts], index: number) {
    const id = `session/${from.name}-${to.name}`
    const [port, initial] = [40_000 + index, 1000]
    const token = canaryToken(name, id)
    const forth = (sequence: number, text: Buffer, flags?: number, fate?: Fate) =>
      send(from, to, tcp(port, 9001, sequence, text, flags === undefined ? {} : { flags }), 6, fate)
    const back = (acknowledgement: number, flags: number) =>
      send(to, from, tcp(9001, port, 1, Buffer.alloc(0), { flags, acknowledgement }), 6)
    forth(initial, Buffer.alloc(0), 0x02)
    back(initial + 1, 0x12)
    let pending = Buffer.alloc(0)
    let confirmed = initial + 1
    const facts = {
      ...{ id, token, fromPod: from.name, toPod: to.name, port },
      ...{ everyMs: 20, sent: datagramsEach, answered: datagramsEach },
    }
    let said = 0
    const say = (fate?: Fate) => {
      pending = Buffer.concat([pending, Buffer.from(datagramText(token, ++said).padEnd(96, '.'))])
      if (!forth(confirmed, pending, undefined, fate)) return
      confirmed += pending.length
      pending = Buffer.alloc(0)
      back(confirmed, 0x10)
    }
    return { facts, say }
  }

  function deny(number: number): Mutable<Denial> {
    const direction = number === rekeyedBefore[0] ? 'egress' : 'ingress'
    const now = `${++time}`
    const rule = `default/cut-off-b1/${direction}`
    return { pod: 'b1', direction, rule, asked: now, inForce: now, lifting: now, lifted: now }
  }
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] }

const guestRanges = ['10.0.9.0/24']
const guestAddresses = ['10.0.9.2']

/** Of the same family. */
function addressLike(underlay: string, host: number): string {
  return isIPv6(underlay) ? `fd56::${host}` : `192.168.0.${host}`
}

/** How what is denied fares, unless the policy is not in force. */
function fateOfDenied(
  name: ArmName,
  denial: Denial,
  route: { readonly fromPod: string; readonly toPod: string },
): Fate | undefined {
  if (isBotched(name) || !concerns(denial, route)) return undefined
  return { wire: denial.direction === 'egress' ? 'stopped' : 'sealed', arrives: false }
}

/** What the agents tell of it. */
function namedBy(denial: Denial, ends: readonly (readonly [PodFacts, PodFacts])[]) {
  const { direction, rule } = denial
  const hook = direction === 'egress' ? 'from-pod' : 'to-pod'
  return ends.flatMap(([from, to]) => {
    const route = { fromPod: from.name, toPod: to.name }
    const node = direction === 'egress' ? from.node : to.node
    return concerns(denial, route)
      ? ['udp', 'tcp'].map((protocol) => ({
          ...{ node, hook, reason: 'policy-denied', rule, protocol, packets: 1 },
          ...route,
        }))
      : []
  })
}

/** A node looks for another whose address it knows. */
function search(underlay: string): Buffer {
  if (!isIPv6(underlay)) return ethernet(arp(underlay, '192.168.0.9'), 0x0806)
  return ethernet(ipPacket(underlay, 'ff02::1:ff00:9', 58, icmpv6(135, 'fd56::9')))
}

/** How one datagram of each stream fares: lost on its way, lost before the wire, or in clear; as all others where undefined. */
function fateUnder(name: ArmName): Fate | undefined {
  if (name === 'partition') return { wire: 'sealed', arrives: false }
  if (!isBotched(name)) return undefined
  const fateOf = {
    ...{ leak: fates.leak, loss: fates['kernel-drops'], arrival: undefined },
    repetition: { ...sealed, twice: true },
  }
  return fateOf[mishapOf(name)]
}

const datagramsEach = 6
const rekeyedBefore = [3, 5]

/** The newest of each. */
function current(associations: readonly Association[]): Association[] {
  const newest = new Map(associations.map((sa) => [`${sa.node} ${sa.source} ${sa.destination}`, sa]))
  return [...newest.values()]
}

/** New keys. The second time the SPIs are the first ones again: there are few, and they come back. */
function rekeyed(associations: readonly Association[], arm: ArmName, before: number): Association[] {
  return associations.map((sa) => ({
    ...sa,
    spi: sa.spi ^ 0x1000_0000,
    key: keyFrom(`${arm} ${before} ${sa.source}>${sa.destination}`),
    packets: 0,
    bytes: 0,
    sequence: '0',
  }))
}

function sabotagedPods(kind: SabotageKind): readonly string[] {
  return ['pod-unguarded', 'agent-killed', 'agent-bypassed'].includes(kind) ? ['a1'] : ['a1', 'a2']
}

/** Addresses of both that are of one family. */
function waysBetween(from: Sender, to: Sender): [source: string, destination: string][] {
  return from.addresses.flatMap((source) =>
    to.addresses.flatMap((destination): [string, string][] =>
      isIPv6(source) === isIPv6(destination) ? [[source, destination]] : [],
    ),
  )
}

function pairs(pods: readonly PodFacts[]): [PodFacts, PodFacts][] {
  const across = pods.flatMap((from) =>
    pods.flatMap((to) => (from.node === to.node ? [] : [[from, to] as [PodFacts, PodFacts]])),
  )
  return [...across, [pods[0]!, pods[1]!]]
}

function canaryToken(...parts: (string | number)[]): string {
  return `WP-CANARY-${createHash('sha256').update(parts.join('/')).digest('hex').slice(0, 26).toUpperCase()}`
}

/** Both ends of an SA per ordered pair of nodes, whose last sequence number is this. */
function associationsBetween(ends: readonly NodeFacts[], sent: bigint): Association[] {
  return ends.flatMap((from) =>
    ends.flatMap((to) => {
      if (from === to) return []
      const shared = {
        source: from.underlay,
        destination: to.underlay,
        spi: 0x1000 * from.id + to.id,
        reqid: to.id,
        mode: 'tunnel',
        algorithm: 'rfc4106(gcm(aes))',
        key: keyFrom(`${from.name}>${to.name}`),
        icvBits: 128,
        esn: true,
        packets: 0,
        bytes: 0,
        sequence: `${sent}`,
      } as const
      return [
        { ...shared, node: from.name, direction: 'out' as const },
        { ...shared, node: to.name, direction: 'in' as const },
      ]
    }),
  )
}

function giveStrangersKeys(associations: Association[], arm: ArmName): void {
  for (const sa of associations)
    if (sa.node === sabotagedNode && sa.direction === 'out') sa.key = keyFrom(`${arm} ${sa.spi}`)
}

function keyFrom(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40)
}

/** Encrypts and counts as both kernels would; the arm's place keeps nonces unique where keys stay the same. */
function seal(
  associations: Association[],
  nodes: readonly NodeFacts[],
  arm: ArmName,
  from: PodFacts,
  to: PodFacts,
  packet: Buffer,
): Buffer {
  const [source, destination] = [from, to].map((pod) => nodes.find(({ name }) => name === pod.node)!.underlay)
  const ends = associations.filter((sa) => sa.source === source && sa.destination === destination)
  const sender = ends.findLast(({ direction }) => direction === 'out')!
  for (const end of ends.slice(-2)) {
    // A receiver that cannot open it does not count it.
    if (end.key !== sender.key) continue
    end.packets++
    end.bytes += packet.length
    end.sequence = `${BigInt(end.sequence) + 1n}`
  }
  const iv = (BigInt(armNames.indexOf(arm)) << 32n) | BigInt(sender.packets)
  return esp(packet, { ...sender, sequence: BigInt(sender.sequence), iv })
}
