import type { ArmName } from './arms.ts'
import type { CheckId, CheckResult } from './check.ts'
import { observe } from './observe.ts'
import { provenRun, type SyntheticOptions, type SyntheticRun } from './synthetic.ts'
import { expectedState, type Judgement, judge } from './verdict.ts'

/** For tests: the judgement on a proven run after a change. */
export function judged(change?: (run: SyntheticRun) => void, options: SyntheticOptions = {}): Judgement {
  const run = provenRun(options)
  change?.(run)
  return judge(observe(run))
}

/** What differs from a proven run, as `arm/check: state`. */
export function surprises({ checks }: Judgement): string[] {
  return checks
    .filter(({ arm, id, state }) => state !== expectedState(arm, id))
    .map(({ arm, id, state }) => `${arm}/${id}: ${state}`)
}

export function stateOf({ checks }: Judgement, arm: ArmName, id: CheckId): CheckResult {
  return checks.find((check) => check.arm === arm && check.id === id)!
}
