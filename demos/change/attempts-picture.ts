import type { Picture } from '../player/index.ts'
import { attemptPlans, attemptsByKind, type RunView } from '../proof/index.ts'

/** Who tried what in each arm with intruders, and who stopped it; undefined where there were none. */
export function attemptsPicture(run: RunView): Picture | undefined {
  const arms = [...run.arms.values()].filter(({ facts }) => facts.change?.attempts)
  if (arms.length === 0) return undefined
  return ({ style }) =>
    arms.flatMap((arm, index) => [
      ...(index > 0 ? [''] : []),
      `${style.strong(arm.facts.name)}: what was tried, who stopped it, and under what name`,
      ...attemptsByKind(arm).flatMap(({ kind, by, packets, arrived, counted }) => {
        const { what, stoppedBy, counter } = attemptPlans[kind]
        const fate = arrived > 0 ? style.bad(`${arrived} of ${packets} arrived`) : `0 of ${packets} arrived`
        return [
          `  ${by.join(', ')}: ${what}`,
          `    ${fate}; ${style.quiet(`${stoppedBy}, ${counter} ${counted}`)}`,
        ]
      }),
    ])
}
