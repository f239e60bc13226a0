import type { Picture } from '../player/index.ts'
import { type ArmView, courseOf, isChange, milliseconds, type RunView } from '../proof/index.ts'

const levels = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** The course of each arm in which something changed, as the captures have it; undefined where nothing did. */
export function coursePicture(run: RunView): Picture | undefined {
  const arms = [...run.arms.values()].filter(({ facts }) => facts.change)
  if (arms.length === 0) return undefined
  return (view) => arms.flatMap((arm, index) => [...(index > 0 ? [''] : []), ...linesOf(arm)(view)])
}

function linesOf(arm: ArmView): Picture {
  return ({ width, style }) => {
    const course = courseOf(arm)
    const { name, change } = arm.facts
    if (!course || !change) return [`${name}: nothing was sent`]
    const { begins, ends, firstEncrypted, lastClear, gap, datagrams, lost } = course
    const slots = Math.max(20, Math.min(width - 4, 80))
    const length = Number(ends - begins) || 1
    const slotOf = (time: bigint) =>
      Math.min(slots - 1, Math.max(0, Math.floor((Number(time - begins) / length) * slots)))
    const arrivals = new Array<number>(slots).fill(0)
    for (const { datagrams } of arm.streams())
      for (const { arrived } of datagrams) for (const time of arrived) arrivals[slotOf(time)]!++
    const most = Math.max(1, ...arrivals)
    const marks = new Array<string>(slots).fill(' ')
    for (const { at } of change.moments) marks[slotOf(BigInt(at))] = '↑'
    const at = (time: bigint | undefined) =>
      time === undefined ? 'none' : `${milliseconds(time - begins)} ms`
    const longest = gap
      ? `${milliseconds(gap.to - gap.from)} ms (${gap.stream.fromPod} to ${gap.stream.toPod})`
      : 'none'
    const paint = isChange(name) ? style.good : style.bad
    return [
      `${style.strong(name)}: datagrams that arrived, over ${(milliseconds(ends - begins) / 1000).toFixed(1)} s; ↑ a moment of change`,
      `  ${paint(arrivals.map((count) => levels[Math.ceil((count / most) * (levels.length - 1))]).join(''))}`,
      `  ${style.quiet(marks.join(''))}`,
      `  first encrypted packet at ${at(firstEncrypted)}, last clear packet: ${at(lastClear)}`,
      `  longest gap ${longest}; ${lost.toLocaleString('en')} of ${datagrams.toLocaleString('en')} lost`,
    ]
  }
}
