import { spoken } from '../duration.ts'

/** A difference of less, in milliseconds, is how clocks are kept right. */
const leastStep = 1000
/** How long a step is told of, in milliseconds. */
const remembered = 3_600_000

/** Notices when the clock on the wall is set, by one that only goes on. Both in milliseconds. */
export class ClockWatch {
  #offset: number
  #last: { readonly sentence: string; readonly at: number } | undefined
  #steps = 0

  constructor(wall: number, steady: number) {
    this.#offset = wall - steady
  }

  /** How often it was set. */
  get steps(): number {
    return this.#steps
  }

  /** @returns by how much it was set since the last look; 0 where it was not. */
  look(wall: number, steady: number): number {
    const step = wall - steady - this.#offset
    if (Math.abs(step) < leastStep) return 0
    this.#offset += step
    this.#steps++
    this.#last = { sentence: sentenceOf(step), at: steady }
    return step
  }

  /** What a person should know of it, in a sentence. */
  notices(steady: number): string[] {
    return this.#last && steady - this.#last.at < remembered ? [this.#last.sentence] : []
  }
}

function sentenceOf(step: number): string {
  const direction = step > 0 ? 'forward' : 'back'
  const slept = step > 0 ? ', or the machine slept' : ''
  return `the clock was set ${direction} by ${spoken(Math.abs(step))}${slept}: flows before it carry times of the old clock, and no key is older or younger for it`
}
