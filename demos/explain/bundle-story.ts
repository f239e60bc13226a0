import { decodeIp } from 'tcpdump-parse'
import {
  type ArmView,
  attemptPlans,
  type CheckId,
  expectedState,
  fingerprint,
  fullSequence,
  type Holders,
  isInOverlay,
  type Judgement,
  openedPacket,
  type RunView,
  type SeenFrame,
  type SentPacket,
} from '../proof/index.ts'
import { associationName, icvResult, innerPacket, outerHeader, sequenceOf } from './headers.ts'
import { type Fact, facts, type Story } from './story.ts'

export type BundleFile = 'wire.pcapng' | 'pods.pcapng'

/** Tells what one frame of a bundle is and what it counts for. @returns undefined where there is no such frame. */
export function explainInBundle(
  run: RunView,
  judgement: Judgement,
  file: BundleFile,
  number: number,
): Story | undefined {
  const kind = file === 'wire.pcapng' ? 'wire' : 'pods'
  for (const arm of run.arms.values()) {
    const seen = [...arm[kind], ...(kind === 'wire' ? arm.injected : [])].find(
      (each) => each.number === number,
    )
    if (seen) return kind === 'wire' ? wireStory(run, arm, seen, judgement) : podStory(arm, seen)
  }
  return undefined
}

function wireStory(run: RunView, arm: ArmView, seen: SeenFrame, judgement: Judgement): Story {
  const { frame, opened } = seen
  const packet = seen.whole ?? frame
  const holders = arm.book.at(seen.time)
  const inner = openedPacket(opened, holders)
  const carrier = isInOverlay(opened, holders) && opened?.ok ? decodeIp(opened.inner) : undefined
  const sent = arm.account().sent.find(({ carrier }) => carrier === seen)
  const exposed = arm.clear().find((each) => each.seen === seen)
  return {
    title: title(arm, seen, 'wire.pcapng', wherefrom(seen)),
    facts: [
      ...facts(
        ['outer header', outerHeader(packet)],
        ['from and to', endpoints(arm.book.at(seen.time), packet.source, packet.destination)],
        ['shows', exposed && `CLEAR: ${exposed.why}`],
        ['attempt', attemptAt(arm, seen)],
        ['SA', opened && associationOf(arm, seen)],
        ['sequence', opened && useOfSequence(run, seen)],
        ['ICV', opened && icvResult(opened)],
        ['carrier', carrier && `VXLAN, ${outerHeader(carrier)}`],
        ['inner packet', inner && innerPacket(inner)],
        ['sent by', sent ? senderOf(sent) : inner && nobody(arm)],
        ['canary', canaryIn(arm, inner?.data ?? frame.data)],
        ['readable', readableCanary(arm, seen)],
      ),
      ...countsFor(seen, checksOn(arm, seen, inner !== undefined || exposed !== undefined), judgement),
    ],
    doubts:
      run.material.keysWithheld && opened
        ? ['The keys are withheld from this bundle: show them with --keys.']
        : [],
  }
}

/** What an intruder tried with it. */
function attemptAt(arm: ArmView, seen: SeenFrame): string | undefined {
  if (!arm.injected.includes(seen)) return undefined
  const packet = fingerprint(seen.frame)
  const attempt = arm.facts.change?.attempts?.find(({ packets }) => packets.includes(packet))
  return attempt && `${attemptPlans[attempt.kind].what}, by ${attempt.by}`
}

function podStory(arm: ArmView, seen: SeenFrame): Story {
  const sent = arm.account().sent.find((each) => each.seen === seen)
  const fates = {
    encrypted: `encrypted, in frame ${sent?.carrier?.number} of wire.pcapng`,
    clear: `IN CLEAR, in frame ${sent?.carrier?.number} of wire.pcapng`,
    missing: 'never: it was stopped before',
  }
  const [kind, name] = seen.instrument.split('/')
  return {
    title: title(arm, seen, 'pods.pcapng', `at ${kind} ${name}`),
    facts: facts(
      ['header', outerHeader(seen.frame)],
      ['packet', innerPacket(seen.frame)],
      ['direction', sent ? directionOf(arm, sent) : directionTo(kind)],
      ['on the wire', sent && fates[sent.fate]],
      ['canary', canaryIn(arm, seen.data)],
    ),
    doubts: [],
  }
}

function directionOf(arm: ArmView, { seen, sender, fromNode, toNode, routers }: SentPacket): string {
  const to = arm.book.at(seen.time).podAt(seen.frame.destination!) ? `a pod on ${toNode}` : `node ${toNode}`
  return routers === 0
    ? `from node ${sender.name} itself to ${to}, as it came out of encryption there`
    : `from ${sender.name} on ${fromNode} to ${to}`
}

function directionTo(kind: string | undefined): string {
  return kind === 'pod' ? 'to this pod, or within its node' : 'to this node, or for one of its pods'
}

function nobody({ facts }: ArmView): string {
  return facts.scope?.nodes
    ? 'nobody: no capture at a pod or a node shows this packet'
    : 'no pod: its capture does not show this packet'
}

function title({ facts }: ArmView, { number, time }: SeenFrame, file: BundleFile, where: string): string {
  const at = new Date(Number(time / 1_000_000n)).toISOString().replace('T', ' ').replace('Z', '')
  const nanoseconds = `${time % 1_000_000n}`.padStart(6, '0')
  return `Frame ${number} of ${file}: ${facts.name} arm, ${at}${nanoseconds} UTC, ${where}`
}

function wherefrom({ instrument }: SeenFrame): string {
  const port = instrument.slice('wire/'.length)
  return port.startsWith('port:')
    ? `at bridge port ${port.slice('port:'.length)}, which belongs to no node`
    : `what node ${port} put on the wire`
}

function endpoints(holders: Holders, source?: string, destination?: string): string | undefined {
  if (source === undefined || destination === undefined) return undefined
  const name = (address: string) => {
    const pod = holders.podAt(address)
    if (pod) return `pod ${pod.name} on ${pod.node}`
    const node = holders.nodeAt(address)
    return node ? `node ${node.name}` : 'nobody of this cluster'
  }
  return `${name(source)} → ${name(destination)}`
}

function associationOf({ associations }: ArmView, { opened, frame }: SeenFrame): string {
  const { spi } = opened!
  const name = `SPI 0x${spi.toString(16)}`
  if (!opened!.ok) return `${name}: under none of the security associations that the nodes hold`
  const { sa } = opened!
  const key = sa.key.toString('hex')
  const held = [...associations.before, ...associations.after]
  const holders = held.filter((each) => each.spi === spi && each.source === frame.source && each.key === key)
  const names = [...new Set(holders.map(({ node }) => node))]
  return `${name}, ${associationName(sa)}; held by ${names.join(' and ')}`
}

function useOfSequence(run: RunView, { opened, frame, arm, number }: SeenFrame): string {
  const sequence = fullSequence(opened!)
  const others = run.arms
    .get(arm)!
    .wire.filter(
      (each) =>
        each.number !== number &&
        each.opened?.spi === opened!.spi &&
        each.frame.source === frame.source &&
        fullSequence(each.opened) === sequence,
    )
  const again = others.map((each) => each.number).join(', ')
  return `${sequenceOf(opened!)}, ${others.length === 0 ? 'used by no other packet of this SA' : `used AGAIN in frame ${again}`}`
}

function senderOf(sent: SentPacket): string {
  const earlier = Number(sent.carrier!.time - sent.seen.time) / 1e6
  if (sent.routers === 0)
    return `node ${sent.sender.name} itself; it came out at node ${sent.toNode} as frame ${sent.seen.number} of pods.pcapng, ${(-earlier).toFixed(3)} ms later`
  const together = sent.reassembled ? ', put together from fragments' : ''
  return `pod ${sent.sender.name} on ${sent.fromNode}, as frame ${sent.seen.number} of pods.pcapng, ${earlier.toFixed(3)} ms earlier, with a time to live higher by ${sent.hops}${together}`
}

function canaryIn({ facts }: ArmView, data: Buffer): string | undefined {
  const found = facts.canaries.find(({ token }) => data.includes(token))
  return (
    found &&
    `${found.token}, sent as ${found.id}${found.delivered ? ', which arrived' : ', which did not arrive'}`
  )
}

function readableCanary(arm: ArmView, seen: SeenFrame): string | undefined {
  const sightings = arm.wireCanaries().sightings.filter((each) => each.seen === seen)
  const [first] = sightings
  if (!first) return undefined
  return `YES, by anyone on the wire: ${first.token} as ${first.encoding} at ${first.where}${sightings.length > 1 ? `, and ${sightings.length - 1} more times` : ''}`
}

/** The checks that look at a frame, with what they say in its arm. */
/** @param isReadable whether it can be said what it carries. */
function checksOn({ injected }: ArmView, seen: SeenFrame, isReadable: boolean): readonly CheckId[] {
  if (injected.includes(seen)) return ['intruders.stopped']
  const looking: CheckId[] = ['wire.no-cleartext', 'wire.no-canary']
  if (seen.opened) looking.push('wire.authentic', 'wire.unique', 'wire.counted')
  if (isReadable) looking.push('wire.complete')
  return looking
}

function countsFor({ arm }: SeenFrame, looking: readonly CheckId[], { checks }: Judgement): Fact[] {
  const results = checks.filter((check) => check.arm === arm && looking.includes(check.id))
  const words = results.map(({ id, state }) => {
    const expected = state === expectedState(arm, id)
    const word = { holds: 'holds', fails: 'fails', inconclusive: 'is inconclusive' }[state]
    return `${id} ${word}${state === 'fails' && expected ? ', as it must here' : ''}`
  })
  return words.length > 0 ? [{ about: 'counts for', says: words.join('; ') }] : []
}
