import type { Picture } from '../picture.ts'
import { columns, pad, wrap } from '../typography.ts'

export interface CheckLine {
  readonly id: string
  readonly state: 'holds' | 'fails' | 'inconclusive'
  /** What was counted, in words and numbers. */
  readonly says: string
}

const marks = { holds: '✓', fails: '✗', inconclusive: '?' } as const

/** Each check with its numbers. */
export function checkTable(checks: readonly CheckLine[]): Picture {
  return ({ width, style }) => {
    const paint = { holds: style.good, fails: style.bad, inconclusive: style.doubtful }
    const idWidth = Math.max(...checks.map(({ id }) => columns(id)))
    const beside = width - idWidth - 4 >= 24
    return checks.flatMap(({ id, state, says }) => {
      const mark = paint[state](marks[state])
      if (!beside) return [`${mark} ${id}`, ...wrap(says, width - 2).map((line) => `  ${line}`)]
      const [first = '', ...more] = wrap(says, width - idWidth - 4)
      return [
        `${mark} ${pad(id, idWidth)}  ${first}`,
        ...more.map((line) => `${' '.repeat(idWidth + 4)}${line}`),
      ]
    })
  }
}
