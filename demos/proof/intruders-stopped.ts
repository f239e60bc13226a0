import { type AttemptKind, attemptKinds, attemptPlans } from './attempt.ts'
import { type Outcome, offendersShown, plural } from './check.ts'
import { fingerprint } from './forwarding.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView, type SeenFrame } from './observe.ts'
import { fromOverlay, openedPacket } from './overlay.ts'
import type { Attempt } from './run.ts'

/** What the captures show of an attempt to get packets to pods that no pod sent. */
export interface AttemptAccount {
  readonly attempt: Attempt
  /** Where it came out. */
  readonly sent: readonly SeenFrame[]
  /** At pods that it was not sent by. */
  readonly arrived: readonly SeenFrame[]
  /** Of packets that must not leave their node: on the wire. */
  readonly left: readonly SeenFrame[]
  /** By how much the counter grew that names it. */
  readonly counted: number
}

/**
 * Holds when every kind of attempt was made and seen to be made, nothing of any arrived at a pod or, where a pod made it,
 * left its node, and whoever had to stop it counted it under the name that it has.
 */
export function intrudersStopped(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const accounts = accountForAttempts(arm)
  const packets = accounts.reduce((sum, { attempt }) => sum + attempt.packets.length, 0)
  const arrived = accounts.flatMap((each) => each.arrived.map((seen) => ({ seen, each })))
  const left = accounts.flatMap((each) => each.left.map((seen) => ({ seen, each })))
  const unnamed = accounts.find(({ attempt, counted }) => counted < attempt.packets.length)
  const numbers = {
    attempts: accounts.length,
    packets,
    arrived: arrived.length,
    left: left.length,
    counted: accounts.reduce((sum, { counted }) => sum + counted, 0),
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
    covers:
      'That an agent stopped what a stranger sent is its own count; that nothing arrived is in the captures.',
  })
  const untried = attemptKinds.find((kind) => accounts.every(({ attempt }) => attempt.kind !== kind))
  if (untried) return outcome('inconclusive', `Nobody tried ${attemptPlans[untried].what}.`)
  const unseen = accounts.find(({ attempt, sent }) => sent.length < attempt.packets.length)
  if (unseen) return outcome('inconclusive', `No capture shows that ${named(unseen.attempt)} was sent.`)
  const [fault] = instrumentFaults(arm, material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`)
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'packet')} that no pod sent arrived, the first: ${named(arrived[0].each.attempt)}.`,
      arrived.map(({ seen, each }) => offender(seen, `${named(each.attempt)} arrived`)),
    )
  if (left[0])
    return outcome(
      'fails',
      `${plural(left.length, 'packet')} left the node of the pod that made ${left.length === 1 ? 'it' : 'them'} up, the first: ${named(left[0].each.attempt)}.`,
      left.map(({ seen, each }) => offender(seen, `${named(each.attempt)} is on the wire`)),
    )
  if (unnamed) {
    const { attempt, counted } = unnamed
    return outcome(
      'fails',
      `${attempt.node} counted ${counted} of ${attempt.packets.length} as ${attemptPlans[attempt.kind].counter}: ${named(attempt)}.`,
    )
  }
  return outcome(
    'holds',
    `${plural(accounts.length, 'attempt')} of ${attemptKinds.length} kinds with ${plural(packets, 'packet')}: none arrived, and each was counted by the one that had to stop it, under its name.`,
  )
}

/** What became of all attempts of one kind. */
export interface KindAccount {
  readonly kind: AttemptKind
  readonly by: readonly string[]
  readonly packets: number
  readonly arrived: number
  readonly counted: number
}

export function attemptsByKind(arm: ArmView): KindAccount[] {
  const ofKind = Map.groupBy(accountForAttempts(arm), ({ attempt }) => attempt.kind)
  const sum = (list: readonly AttemptAccount[], each: (one: AttemptAccount) => number) =>
    list.reduce((total, one) => total + each(one), 0)
  return [...ofKind].map(([kind, list]) => ({
    kind,
    by: [...new Set(list.map(({ attempt }) => attempt.by))],
    packets: sum(list, ({ attempt }) => attempt.packets.length),
    arrived: sum(list, ({ arrived }) => arrived.length),
    counted: sum(list, ({ counted }) => counted),
  }))
}

export function accountForAttempts(arm: ArmView): AttemptAccount[] {
  const attempts = arm.facts.change?.attempts ?? []
  if (attempts.length === 0) return []
  const atPods = Map.groupBy(
    arm.pods.filter(({ frame }) => frame.ip),
    ({ frame }) => fingerprint(frame),
  )
  const inside = Map.groupBy(
    arm.wire.filter(({ opened }) => opened?.ok),
    ({ opened, time }) => {
      const packet = openedPacket(opened, arm.book.at(time))
      return packet?.ip && fingerprint(packet)
    },
  )
  const onWire = Map.groupBy(
    arm.wire.filter(({ frame }) => frame.ip),
    ({ frame, time }) => fingerprint(fromOverlay(frame, arm.book.at(time))),
  )
  const injected = Map.groupBy(arm.injected, ({ frame }) => fingerprint(frame))
  return attempts.map((attempt): AttemptAccount => {
    const { kind, by, counted } = attempt
    const { comesFrom } = attemptPlans[kind]
    const seenIn = (
      places: ReadonlyMap<string | undefined, readonly SeenFrame[]>,
      packets: readonly string[],
    ) => packets.flatMap((packet) => places.get(packet) ?? [])
    const own = `pod/${by}`
    const sent =
      comesFrom === 'stranger'
        ? seenIn(injected, attempt.packets)
        : comesFrom === 'node'
          ? seenIn(inside, attempt.packets).filter(({ instrument }) => instrument === `wire/${by}`)
          : seenIn(atPods, attempt.packets).filter(({ instrument }) => instrument === own)
    return {
      attempt,
      sent,
      arrived: [
        ...seenIn(atPods, [...attempt.packets, ...attempt.carried]).filter(
          ({ instrument }) => instrument !== own,
        ),
        ...sent.flatMap((seen) => takenAgain(seen, atPods, arm)),
      ],
      left:
        comesFrom === 'pod' ? [...seenIn(onWire, attempt.packets), ...seenIn(inside, attempt.packets)] : [],
      counted: counted.after - counted.before,
    }
  })
}

/** What a repeated ESP packet carries is at its receiver more often than it was sent. */
function takenAgain(
  { opened, time }: SeenFrame,
  atPods: ReadonlyMap<string, readonly SeenFrame[]>,
  { book }: ArmView,
): SeenFrame[] {
  const holders = book.at(time)
  const inner = openedPacket(opened, holders)
  if (!inner?.ip) return []
  const sender = holders.podAt(inner.source!)?.name
  const sightings = atPods.get(fingerprint(inner)) ?? []
  const [sent, arrived] = [true, false].map((isSender) =>
    sightings.filter(({ instrument }) => (instrument === `pod/${sender}`) === isSender),
  ) as [SeenFrame[], SeenFrame[]]
  return sent.length > 0 ? arrived.slice(sent.length) : []
}

function named({ kind, by, toPod }: Attempt): string {
  return `${attemptPlans[kind].what}, from ${by} to ${toPod}`
}
