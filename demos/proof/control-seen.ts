import { type Outcome, plural } from './check.ts'
import { crossingCanaries } from './crossing.ts'
import { instrumentFaults } from './instruments.ts'
import type { ArmView, RunView } from './observe.ts'

/**
 * Holds when, with encryption off, the wire captures showed pod traffic in clear, and each canary at the port of the node
 * that sent it, and nothing was lost: instruments that do not see cleartext where there is some prove nothing by not seeing
 * it elsewhere.
 */
export function controlSeen(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const crossing = crossingCanaries(arm)
  const sightings = arm.wireCanaries()
  const unseen = crossing.filter(
    ({ canary, fromNode }) => !sightings.seenAt(`wire/${fromNode}`, canary.token),
  )
  const clear = arm.clear().length
  const numbers = { clear, canaries: crossing.length, seen: crossing.length - unseen.length }
  const outcome = (state: Outcome['state'], says: string): Outcome => ({
    state,
    says,
    numbers,
    offenders: [],
  })
  if (arm.facts.settings.encryptL3)
    return outcome('inconclusive', 'Encryption was on in the control arm, so it controls nothing.')
  if (crossing.length === 0)
    return outcome('inconclusive', 'No canary had to cross the wire in the control arm.')
  if (clear === 0)
    return outcome(
      'fails',
      'The wire captures show nothing of pods in clear although encryption was off: the instruments do not see the wire.',
    )
  if (unseen[0])
    return outcome(
      'fails',
      `${unseen.length} of ${plural(crossing.length, 'canary', 'canaries')} sent in clear ${unseen.length === 1 ? 'was' : 'were'} not seen at the sender's port, the first: ${unseen[0].canary.id}.`,
    )
  const [fault] = instrumentFaults(arm, material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`)
  return outcome(
    'holds',
    `With encryption off the same instruments saw ${plural(clear, 'frame')} in clear and all ${plural(crossing.length, 'canary', 'canaries')} that crossed the wire.`,
  )
}
