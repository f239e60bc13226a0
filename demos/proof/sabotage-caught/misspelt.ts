import { type Outcome, plural } from '../check.ts'
import { crossingCanaries } from '../crossing.ts'
import { instrumentFaults } from '../instruments.ts'
import type { ArmView, RunView } from '../observe.ts'
import { clearOffenders, outcome } from './scene.ts'

/** Holds when a policy that does not cover what it was meant to showed: what it was meant for could be read. */
export function misspeltCaught(arm: ArmView, run: Pick<RunView, 'material'>): Outcome {
  const { scope, settings } = arm.facts
  if (!scope || !settings.encryptL3)
    return outcome('inconclusive', 'There was no policy that could be misspelt in this arm.', {})
  const [fault] = instrumentFaults(arm, run.material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`, {})
  const clear = arm.clear()
  const meant = crossingCanaries(arm, run.material.facts.pods).filter(({ canary }) => arm.isCovered(canary))
  const read = meant.filter(({ canary, fromNode }) =>
    arm.wireCanaries().seenAt(`wire/${fromNode}`, canary.token),
  )
  const numbers = { leaked: clear.length, canaries: meant.length, canariesSeen: read.length }
  if (clear.length === 0)
    return outcome('fails', `The captures show no frame of ${scope.what} in clear.`, numbers)
  if (read.length === 0)
    return outcome('fails', `None of the canaries of ${scope.what} was read on the wire.`, numbers)
  return outcome(
    'holds',
    `The leak was caught: ${plural(clear.length, 'frame')} of ${scope.what} in clear, and ${read.length} of ${plural(meant.length, 'canary', 'canaries')}.`,
    numbers,
    clearOffenders(clear),
  )
}
