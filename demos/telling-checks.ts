import type { CheckLine } from './player/pictures/index.ts'
import { type CheckResult, expectedState, isSealed } from './proof/index.ts'

/**
 * What an audience is shown of a judgement: each check in the arm that it is about, and everything that says other than
 * it must. The report has the rest.
 */
export function tellingChecks(checks: readonly CheckResult[]): CheckLine[] {
  return checks
    .filter((check) => isTelling(check) || isSurprise(check))
    .map((check) => ({ id: titleOf(check), state: stateOf(check), says: check.says }))
}

function isSurprise({ arm, id, state }: CheckResult): boolean {
  return state !== expectedState(arm, id)
}

/** Whether a check is about its arm; what was broken on purpose is caught in each of its arms. */
function isTelling({ arm, id }: CheckResult): boolean {
  if (id === 'sabotage.caught') return true
  return id === 'control.seen' ? arm === 'control' : isSealed(arm)
}

function titleOf(check: CheckResult): string {
  const { id, arm } = check
  if (id === 'sabotage.caught') return arm
  return isTelling(check) ? id : `${id} (${arm})`
}

/** A wire check that holds where cleartext was sent on purpose is no good news. */
function stateOf(check: CheckResult): CheckLine['state'] {
  if (!isSurprise(check)) return 'holds'
  return check.state === 'fails' ? 'fails' : 'inconclusive'
}
