import { CanaryFinder, Defragmenter, decode, type Frame, type Opened } from 'tcpdump-parse'
import { type Account, accountFor } from './account.ts'
import { type AddressBook, addressBook, type Sender, sendersOf } from './address-book.ts'
import { type ArmName, armNames } from './arms.ts'
import { attemptPlans } from './attempt.ts'
import { type CanarySightings, findCanaries } from './canaries.ts'
import type { Offender } from './check.ts'
import { exposure } from './cleartext.ts'
import { fingerprint } from './forwarding.ts'
import { guestsOf } from './guests.ts'
import { once } from './once.ts'
import { opener } from './opener.ts'
import type { ArmAssociations, ArmFacts, Canary, Material, Recording } from './run.ts'
import { accountForSessions, type SessionAccount } from './sessions.ts'
import { accountForStreams, type StreamAccount } from './streams.ts'

/** A frame as the checks see it: decoded, and opened where it is ESP. */
export interface SeenFrame {
  readonly arm: ArmName
  /** `wire/<node>`, `pod/<pod>`, or `node/<node>`. */
  readonly instrument: string
  /** In the bundle's file, from 1, as Wireshark counts. */
  readonly number: number
  readonly time: bigint
  readonly data: Buffer
  readonly length: number
  readonly frame: Frame
  /** The packet of which this frame brought the last fragment that was missing. */
  readonly whole?: Frame
  /** Of ESP packets on the wire; of one in fragments, at the frame that made it whole. */
  readonly opened?: Opened
}

export interface ClearFrame {
  readonly seen: SeenFrame
  readonly why: string
}

/** What happened in one arm, with the costly views computed when a check first asks. */
export interface ArmView {
  readonly facts: ArmFacts
  readonly book: AddressBook
  readonly senders: readonly Sender[]
  readonly associations: ArmAssociations
  readonly recordings: readonly Recording[]
  /** In the order of time, of all wire ports, but for what is below. */
  readonly wire: readonly SeenFrame[]
  /** What a stranger sent from a port that faces no node, as far as it is known to be an attempt of his. */
  readonly injected: readonly SeenFrame[]
  /** At the pods, and at nodes in scope themselves. */
  readonly pods: readonly SeenFrame[]
  /** Wire frames that show something of pods outside encryption. */
  clear(): readonly ClearFrame[]
  wireCanaries(): CanarySightings
  podCanaries(): CanarySightings
  /** What became of each packet that pods, and nodes in scope themselves, sent to another node. */
  account(): Account
  /** Whether what is sent with it is to be encrypted on the wire. */
  isCovered(canary: Pick<Canary, 'fromPod' | 'toPod'>): boolean
  /** Where what reaches a pod, or a node in scope itself, is captured. */
  instrumentAt(receiver: string): string
  /** What became of each datagram of the streams that were sent all the while. */
  streams(): readonly StreamAccount[]
  sessions(): readonly SessionAccount[]
}

export interface RunView {
  readonly material: Material
  readonly arms: ReadonlyMap<ArmName, ArmView>
}

/** Decodes and numbers every frame. The numbers are those of the merged captures in a bundle. */
export function observe(material: Material): RunView {
  const { facts } = material
  const tokens = facts.arms.flatMap(({ canaries, streams = [], sessions = [] }) =>
    [...canaries, ...streams, ...sessions].map(({ token }) => token),
  )
  const finder = once(() => new CanaryFinder([...new Set(tokens)]))
  const wire = Map.groupBy(seenFrames(material, 'wire'), ({ arm }) => arm)
  const pods = Map.groupBy(seenFrames(material, 'pod'), ({ arm }) => arm)
  const arms = new Map<ArmName, ArmView>()
  for (const arm of facts.arms) {
    const guests = guestsOf({ facts: arm })
    const book = addressBook(facts, arm.scope, guests)
    const isInjected = injection(arm)
    const [injected = [], wireFrames = []] = [true, false].map((wanted) =>
      (wire.get(arm.name) ?? []).filter((seen) => isInjected(seen) === wanted),
    )
    const podFrames = pods.get(arm.name) ?? []
    const clear = once(() =>
      wireFrames.flatMap((seen) => {
        const why = exposure(seen.frame, book) ?? (seen.whole && exposure(seen.whole, book))
        return why === undefined ? [] : [{ seen, why }]
      }),
    )
    const streams = once(() => accountForStreams(arm.streams ?? [], podFrames))
    const sessions = once(() => accountForSessions(arm.sessions ?? [], podFrames, book))
    // Of streams it is known already; there are a hundred thousand of them, and each would be tried as every kind of archive.
    const isPassedOver = once(() => {
      const { frames } = streams()
      const segments = new Set(sessions().flatMap(({ departures, arrivals }) => [...departures, ...arrivals]))
      // What comes to a node encrypted is searched on the wire, and where it is decrypted.
      const isSealed = ({ instrument, frame }: SeenFrame) =>
        instrument.startsWith('node/') && frame.esp !== undefined
      return (seen: SeenFrame) => frames.has(seen) || segments.has(seen) || isSealed(seen)
    })
    arms.set(arm.name, {
      facts: arm,
      book,
      senders: sendersOf({ nodes: facts.nodes, pods: [...facts.pods, ...guests.pods] }, arm.scope),
      associations: associationsOf(material, arm.name),
      recordings: material.recordings.filter((recording) => recording.arm === arm.name),
      wire: wireFrames,
      injected,
      pods: podFrames,
      clear,
      wireCanaries: once(() => findCanaries(finder(), wireFrames)),
      podCanaries: once(() =>
        findCanaries(
          finder(),
          podFrames.filter((seen) => !isPassedOver()(seen)),
        ),
      ),
      isCovered: ({ fromPod, toPod }) => {
        if (!arm.scope) return true
        const { pods, nodes = [] } = arm.scope
        return [fromPod, toPod].some((end) => pods.includes(end) || nodes.includes(end))
      },
      instrumentAt: (name) => `${arm.scope?.nodes?.includes(name) ? 'node' : 'pod'}/${name}`,
      account: once(() => accountFor(book, wireFrames, podFrames, forgeries(arm))),
      streams: () => streams().accounts,
      sessions,
    })
  }
  return { material, arms }
}

/** Tells what is an attempt from all else: by where it came in, and by what it is. */
function injection({ change }: ArmFacts): (seen: SeenFrame) => boolean {
  const packets = new Set(change?.attempts?.flatMap(({ packets }) => packets))
  if (packets.size === 0) return () => false
  return ({ instrument, frame }) =>
    instrument.startsWith('wire/port:') && frame.ip !== undefined && packets.has(fingerprint(frame))
}

/** What a node sealed that no pod sent, as is known. */
function forgeries({ change }: ArmFacts): ReadonlySet<string> {
  const sealed = change?.attempts?.filter(({ kind }) => attemptPlans[kind].comesFrom === 'node') ?? []
  return new Set(sealed.flatMap(({ packets }) => packets))
}

export function associationsOf(material: Material, arm: ArmName): ArmAssociations {
  return material.associations.find((each) => each.arm === arm) ?? { arm, before: [], after: [] }
}

/** On the wire, or where packets begin and end: at a pod, or at a node itself. */
export function kindOf(instrument: string): 'wire' | 'pod' {
  return instrument.startsWith('wire/') ? 'wire' : 'pod'
}

export interface OrderedFrame {
  readonly recording: Recording
  readonly frame: Recording['frames'][number]
}

/** The frames of all arms in the order they have in the bundle: by time; then by arm, instrument and position. */
export function inOrder(recordings: readonly Recording[], kind: 'wire' | 'pod'): OrderedFrame[] {
  const rank = (recording: Recording) => armNames.indexOf(recording.arm)
  return recordings
    .filter(({ instrument }) => kindOf(instrument) === kind)
    .toSorted((a, b) => rank(a) - rank(b) || (a.instrument < b.instrument ? -1 : 1))
    .flatMap((recording) => recording.frames.map((frame) => ({ recording, frame })))
    .sort((a, b) => (a.frame.time < b.frame.time ? -1 : a.frame.time > b.frame.time ? 1 : 0))
}

function seenFrames(material: Material, kind: 'wire' | 'pod'): SeenFrame[] {
  const openers = new Map(
    material.facts.arms.map(({ name }) => [name, opener(associationsOf(material, name))]),
  )
  const defragmenters = new Map(material.recordings.map((recording) => [recording, new Defragmenter()]))
  return inOrder(material.recordings, kind).map(({ recording, frame: captured }, index) => {
    const frame = decode(captured.data, recording.linkType)
    const whole = frame.fragment && defragmenters.get(recording)!.add(frame, captured.time)
    const packet = frame.fragment ? whole : frame
    const opened = kind === 'wire' && packet?.esp ? openers.get(recording.arm)?.open(packet) : undefined
    return {
      arm: recording.arm,
      instrument: recording.instrument,
      number: index + 1,
      time: captured.time,
      data: captured.data,
      length: captured.length,
      frame,
      ...(whole && { whole }),
      ...(opened && { opened }),
    }
  })
}

export function offender(seen: SeenFrame, why: string): Offender {
  return {
    file: kindOf(seen.instrument) === 'wire' ? 'wire.pcapng' : 'pods.pcapng',
    interface: `${seen.arm}/${seen.instrument}`,
    frame: seen.number,
    time: `${seen.time}`,
    why,
  }
}
