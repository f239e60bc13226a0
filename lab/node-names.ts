import { Problem } from './problem.ts'

/**
 * All names, or the one that is asked for.
 *
 * @param lacks what is said of one that is not there: `lab demo has no node`.
 * @throws Problem naming what there is.
 */
export function chosenNames(all: readonly string[], only: string | undefined, lacks: string): string[] {
  if (only === undefined) return [...all]
  if (all.includes(only)) return [only]
  throw new Problem('ETARGET', 2, `${lacks} called ${only}`, `There are: ${all.join(', ')}.`)
}
