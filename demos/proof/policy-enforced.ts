import { type Outcome, offendersShown, plural } from './check.ts'
import { concerns, denialsOf, isInForce } from './denials.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView, type SeenFrame } from './observe.ts'
import type { Denial, Dropped } from './run.ts'
import type { SessionAccount } from './sessions.ts'
import type { StreamAccount } from './streams.ts'

/** Something that should not have come through while it was denied. */
export interface Trespass {
  readonly seen: SeenFrame
  readonly why: string
}

/** A denial, and what was sent in spite of it. */
interface Scene {
  readonly denial: Denial
  readonly streams: readonly StreamAccount[]
  readonly sessions: readonly SessionAccount[]
}

/**
 * Holds when what a policy denied did not arrive while it was in force on all nodes, and where it is denied as it leaves was
 * not on the wire, not even encrypted; when the agents named the rule for every pair of pods; and when each TCP session that
 * was cut is one session still, of which all that was sent has arrived.
 */
export function policyEnforced(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const scenes = denialsOf(arm).map((denial) => sceneOf(arm, denial))
  const denied = scenes.flatMap((scene) => deniedIn(scene))
  const trespasses = trespassesIn(arm)
  const unnamed = scenes.flatMap((scene) => unnamedIn(scene, arm.facts.change?.dropped ?? []))
  const ended = arm.sessions().flatMap(notWhole)
  const numbers = {
    denials: scenes.length,
    deniedPackets: denied.length,
    trespasses: trespasses.length,
    unnamed: unnamed.length,
    sessions: arm.sessions().length,
    sessionsEnded: ended.length,
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
    covers: 'That agents named the rule is their word; that nothing came through is in the captures.',
  })
  const [idle] = scenes.filter((scene) => deniedIn(scene).length === 0)
  if (scenes.length === 0 || idle)
    return outcome('inconclusive', 'Nothing was sent that a policy denied, so nothing is known of policies.')
  const [fault] = instrumentFaults(arm, material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`)
  if (trespasses[0])
    return outcome(
      'fails',
      `${plural(trespasses.length, 'packet')} that a policy denied ${trespasses.length === 1 ? 'was' : 'were'} not stopped, the first: ${trespasses[0].why}.`,
      trespasses.map(({ seen, why }) => offender(seen, why)),
    )
  if (unnamed[0]) return outcome('fails', unnamed[0])
  if (ended[0]) return outcome('fails', ended[0])
  return outcome(
    'holds',
    `${plural(denied.length, 'packet')} sent while ${plural(scenes.length, 'policy', 'policies')} denied ${denied.length === 1 ? 'it' : 'them'}: none arrived, none that was stopped as it left was on the wire, and the agents named the rule. All ${plural(arm.sessions().length, 'TCP session')} went on, once allowed again, to the last byte.`,
  )
}

/** What came through while it was denied. */
export function trespassesIn(arm: ArmView): Trespass[] {
  const fates = new Map(arm.account().sent.map(({ seen, fate }) => [seen, fate]))
  return denialsOf(arm).flatMap((denial) => {
    const scene = sceneOf(arm, denial)
    const datagrams = scene.streams.flatMap(({ stream, datagrams }) =>
      datagrams
        .filter(({ sent, arrived }) => isInForce(denial, sent) && arrived.length > 0)
        .map(({ seen, number }) => ({
          seen,
          why: `datagram ${number} from ${stream.fromPod} to ${stream.toPod} arrived against ${denial.rule}`,
        })),
    )
    const segments = scene.sessions.flatMap(({ session, arrivals }) =>
      arrivals
        .filter(({ time }) => isInForce(denial, time))
        .map((seen) => ({
          seen,
          why: `a segment of the session from ${session.fromPod} to ${session.toPod} arrived against ${denial.rule}`,
        })),
    )
    if (denial.direction === 'ingress') return [...datagrams, ...segments]
    const left = deniedIn(scene)
      .filter((seen) => (fates.get(seen) ?? 'missing') !== 'missing')
      .map((seen) => ({ seen, why: `a packet was on the wire against ${denial.rule}` }))
    return [...datagrams, ...segments, ...left]
  })
}

function sceneOf(arm: ArmView, denial: Denial): Scene {
  return {
    denial,
    streams: arm.streams().filter(({ stream }) => concerns(denial, stream)),
    sessions: arm.sessions().filter(({ session }) => concerns(denial, session)),
  }
}

/** What the pods sent while it was denied, as their captures show it. */
function deniedIn({ denial, streams, sessions }: Scene): SeenFrame[] {
  const sent = [
    ...streams.flatMap(({ datagrams }) => datagrams.map(({ seen }) => seen)),
    ...sessions.flatMap(({ departures }) => departures),
  ]
  return sent.filter(({ time }) => isInForce(denial, time))
}

/** Pairs of pods for which no agent named the rule that stopped them, at the place at which it must. */
function unnamedIn({ denial, streams, sessions }: Scene, dropped: readonly Dropped[]): string[] {
  const hook = denial.direction === 'egress' ? 'from-pod' : 'to-pod'
  const named = (protocol: string, { fromPod, toPod }: { fromPod: string; toPod: string }) =>
    dropped.some(
      (each) =>
        each.reason === 'policy-denied' &&
        each.rule === denial.rule &&
        each.hook === hook &&
        each.protocol === protocol &&
        each.fromPod === fromPod &&
        each.toPod === toPod,
    )
  const says = (protocol: string, { fromPod, toPod }: { fromPod: string; toPod: string }) =>
    `No agent named ${denial.rule} for ${protocol.toUpperCase()} from ${fromPod} to ${toPod}.`
  return [
    ...streams.flatMap(({ stream }) => (named('udp', stream) ? [] : [says('udp', stream)])),
    ...sessions.flatMap(({ session }) => (named('tcp', session) ? [] : [says('tcp', session)])),
  ]
}

/** Why a session did not go on; empty when all of it arrived, in one connection. */
function notWhole({ session, opened, resets, bytes }: SessionAccount): string[] {
  const name = `The TCP session from ${session.fromPod} to ${session.toPod}`
  if (opened !== 1) return [`${name} was opened ${opened} times.`]
  if (resets > 0) return [`${name} was reset.`]
  if (bytes.sent === 0) return [`${name} had no message.`]
  if (bytes.arrived < bytes.sent || bytes.confirmed < bytes.sent)
    return [
      `${name} did not go on: of ${bytes.sent} bytes ${bytes.arrived} arrived and ${bytes.confirmed} were confirmed.`,
    ]
  return []
}
