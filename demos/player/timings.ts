import type { Picture } from './picture.ts'
import { clip, duration, pad, padLeft } from './typography.ts'

interface Timing {
  readonly title: string
  readonly milliseconds: number
}

interface StepTiming extends Timing {
  /** They may overlap one another, so they are listed and not added up. */
  readonly parts: readonly Timing[]
}

const longestFirst = <Kind extends Timing>(timings: readonly Kind[]) =>
  timings.toSorted((one, other) => other.milliseconds - one.milliseconds)

/** Where the time went. */
export class Timings {
  readonly #steps: StepTiming[] = []

  step(title: string, milliseconds: number, parts: readonly Timing[] = []): void {
    this.#steps.push({ title, milliseconds, parts })
  }

  /** The longest first, each with its parts, and what was spent between steps. */
  picture(total: number): Picture {
    const inSteps = this.#steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    return ({ width, style }) => {
      const titleWidth = Math.max(8, Math.min(78, width - 18))
      const line = ({ title, milliseconds }: Timing) => {
        const share = total > 0 ? `${Math.round((100 * milliseconds) / total)} %` : ''
        return `${pad(clip(title, titleWidth), titleWidth)} ${padLeft(duration(milliseconds), 10)} ${padLeft(share, 6)}`
      }
      const part = ({ title, milliseconds }: Timing) =>
        style.quiet(line({ title: `  ${title}`, milliseconds }))
      return [
        style.heading('Where the time went'),
        ...longestFirst(this.#steps).flatMap((step) => [line(step), ...longestFirst(step.parts).map(part)]),
        line({ title: 'between steps', milliseconds: Math.max(0, total - inSteps) }),
        style.strong(line({ title: 'in all', milliseconds: total })),
      ]
    }
  }
}
