import type { Picture } from '../picture.ts'
import { wrap } from '../typography.ts'

export type Verdict = 'PROVEN' | 'LEAK' | 'INCONCLUSIVE'

const tones = { PROVEN: 'good', LEAK: 'bad', INCONCLUSIVE: 'doubtful' } as const

/** The verdict and why, in one sentence. */
export function verdictBanner(verdict: Verdict, reason: string): Picture {
  return ({ width, style }) => [style.banner(tones[verdict], ` ${verdict} `), ...wrap(reason, width)]
}

export interface Whereabouts {
  /** The page for people, as the one who asked would name it. */
  readonly report: string
  /** The command that recomputes the verdict. */
  readonly recheck: string
}

/** Where the evidence is, and how to check it without believing us. */
export function whereabouts({ report, recheck }: Whereabouts): Picture {
  // Paths and commands are copied with the mouse, so they stay whole, whatever the width.
  return ({ style }) => [`${style.quiet('report ')}  ${report}`, `${style.quiet('recheck')}  ${recheck}`]
}
