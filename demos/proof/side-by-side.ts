import { type Outcome, plural } from './check.ts'
import { crossingCanaries } from './crossing.ts'
import { instrumentFaults } from './instruments.ts'
import type { ArmView, RunView } from './observe.ts'

/**
 * Holds when what the policy does not cover crossed the same wire in the same arm and was read there, each canary at its
 * sender's port: beside what the instruments did not see they show what they do see.
 */
export function sideBySide(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const crossing = crossingCanaries(arm, material.facts.pods)
  const covered = crossing.filter(({ canary }) => arm.isCovered(canary))
  const others = crossing.filter(({ canary }) => !arm.isCovered(canary))
  const unread = others.filter(
    ({ canary, fromNode }) => !arm.wireCanaries().seenAt(`wire/${fromNode}`, canary.token),
  )
  const numbers = {
    covered: covered.length,
    others: others.length,
    othersRead: others.length - unread.length,
  }
  const outcome = (state: Outcome['state'], says: string): Outcome => ({
    state,
    says,
    numbers,
    offenders: [],
  })
  if (arm.facts.scope === undefined) return outcome('inconclusive', 'No policy limited what is encrypted.')
  if (!arm.facts.settings.encryptL3) return outcome('inconclusive', 'Encryption was off in this arm.')
  if (covered.length === 0 || others.length === 0)
    return outcome(
      'inconclusive',
      `No canary that the policy ${covered.length === 0 ? 'covers' : 'does not cover'} had to cross the wire.`,
    )
  const [fault] = instrumentFaults(arm, material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`)
  if (unread[0])
    return outcome(
      'fails',
      `${unread.length} of ${plural(others.length, 'canary', 'canaries')} that the policy does not cover ${unread.length === 1 ? 'was' : 'were'} not read at the sender's port, the first: ${unread[0].canary.id}.`,
    )
  return outcome(
    'holds',
    `Beside ${plural(covered.length, 'canary', 'canaries')} of ${arm.facts.scope.what}, all ${plural(others.length, 'other canary', 'other canaries')} crossed the same wire and could be read.`,
  )
}
