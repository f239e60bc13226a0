import type { CheckLine } from './player/pictures/index.ts'
import { type ArmName, type CheckId, type CheckResult, expectedState } from './proof/index.ts'

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

function armsOf(id: CheckId): readonly ArmName[] {
  if (id === 'control.seen') return ['control']
  return id === 'sabotage.caught' ? ['sabotage-permissive', 'sabotage-strict'] : ['encrypted']
}

function isTelling({ arm, id }: CheckResult): boolean {
  return armsOf(id).includes(arm)
}

function titleOf(check: CheckResult): string {
  const { id, arm } = check
  return isTelling(check) && armsOf(id).length === 1 ? id : `${id} (${arm.replace('sabotage-', '')})`
}

/** A wire check that holds where cleartext was sent on purpose is no good news. */
function stateOf(check: CheckResult): CheckLine['state'] {
  if (!isSurprise(check)) return 'holds'
  return check.state === 'fails' ? 'fails' : 'inconclusive'
}
