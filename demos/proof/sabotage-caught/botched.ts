import { attemptPlans } from '../attempt.ts'
import { type BotchedArm, type Mishap, mishapOf } from '../change.ts'
import { type Outcome, plural } from '../check.ts'
import { instrumentFaults } from '../instruments.ts'
import { accountForAttempts } from '../intruders-stopped.ts'
import { type ArmView, offender, type RunView } from '../observe.ts'
import { trespassesIn } from '../policy-enforced.ts'
import { inWords, refusedIn } from '../refusals.ts'
import { isLost } from '../streams.ts'
import { clearOffenders, outcome } from './scene.ts'

/** Holds when a change that was made as it must not be showed, in the way that it must: see {@link Mishap}. */
export function botchCaught(arm: ArmView, run: Pick<RunView, 'material'>): Outcome {
  const { change, settings } = arm.facts
  if (!change || change.rounds === 0) return outcome('inconclusive', 'Nothing was botched in this arm.', {})
  if (!settings.encryptL3) return outcome('inconclusive', 'Encryption was off in this arm.', {})
  const [fault] = instrumentFaults(arm, run.material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`, {})
  return seenToHave[mishapOf(arm.facts.name as BotchedArm)](arm)
}

const seenToHave: Readonly<Record<Mishap, (arm: ArmView) => Outcome>> = {
  loss: lostAndCounted,
  leak: leakedUnderChange,
  repetition: arrivedTwice,
  arrival: arrivedAgainstRule,
}

function lostAndCounted(arm: ArmView): Outcome {
  const clear = arm.clear()
  const lost = lostDatagrams(arm)
  const refused = refusedIn(arm)
  const reasons = Object.entries(refused)
  const packets = reasons.reduce((sum, [, count]) => sum + count, 0)
  const numbers = { lost, refused: packets, clear: clear.length }
  if (clear[0])
    return outcome(
      'fails',
      `${plural(clear.length, 'frame')} left in clear although nothing may, the first: ${clear[0].why}.`,
      numbers,
      clearOffenders(clear),
    )
  if (lost === 0) return outcome('fails', 'No datagram was lost: whatever was botched did no harm.', numbers)
  if (packets === 0)
    return outcome(
      'fails',
      `${plural(lost, 'datagram')} of the streams were lost, and no kernel counted a packet that it refused.`,
      numbers,
    )
  return outcome(
    'holds',
    `The loss was seen, and named: ${plural(lost, 'datagram')} of the streams did not get through, and the kernels refused ${plural(packets, 'packet')} (${inWords(refused)}); nothing left in clear.`,
    numbers,
  )
}

function leakedUnderChange(arm: ArmView): Outcome {
  const clear = arm.clear()
  const streams = arm.facts.streams ?? []
  const read = streams.filter(({ token }) =>
    arm.wireCanaries().sightings.some((each) => each.token === token),
  )
  const numbers = { leaked: clear.length, streamsRead: read.length }
  if (clear.length === 0)
    return outcome('fails', 'The captures show no frame in clear although it was botched.', numbers)
  if (read.length === 0)
    return outcome('fails', 'No datagram of a stream could be read on the wire.', numbers)
  return outcome(
    'holds',
    `The leak was caught: ${plural(clear.length, 'frame')} in clear, and ${read.length} of ${plural(streams.length, 'stream')} could be read.`,
    numbers,
    clearOffenders(clear),
  )
}

function arrivedTwice(arm: ArmView): Outcome {
  const twice = arm
    .streams()
    .reduce((sum, { datagrams }) => sum + datagrams.filter(({ arrived }) => arrived.length > 1).length, 0)
  const clear = arm.clear()
  const numbers = { twice, clear: clear.length }
  if (clear[0])
    return outcome('fails', `${plural(clear.length, 'frame')} left in clear.`, numbers, clearOffenders(clear))
  return twice === 0
    ? outcome('fails', 'No datagram arrived twice although nothing kept repetitions out.', numbers)
    : outcome('holds', `The repetition was seen: ${plural(twice, 'datagram')} arrived twice.`, numbers)
}

function arrivedAgainstRule(arm: ArmView): Outcome {
  const arrived = [
    ...trespassesIn(arm),
    ...accountForAttempts(arm).flatMap(({ attempt, arrived }) =>
      arrived.map((seen) => ({
        seen,
        why: `${attemptPlans[attempt.kind].what} arrived at ${attempt.toPod}`,
      })),
    ),
  ]
  const clear = arm.clear()
  const numbers = { arrived: arrived.length, clear: clear.length }
  if (clear[0])
    return outcome('fails', `${plural(clear.length, 'frame')} left in clear.`, numbers, clearOffenders(clear))
  return arrived.length === 0
    ? outcome('fails', 'Nothing arrived that must not, although nothing kept it out.', numbers)
    : outcome(
        'holds',
        `What should have been kept out was seen: ${plural(arrived.length, 'packet')}, the first: ${arrived[0]!.why}.`,
        numbers,
        arrived.map(({ seen, why }) => offender(seen, why)),
      )
}

function lostDatagrams(arm: ArmView): number {
  return arm.streams().reduce((sum, { datagrams }) => sum + datagrams.filter(isLost).length, 0)
}
