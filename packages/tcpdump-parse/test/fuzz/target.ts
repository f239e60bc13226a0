import type { Subject } from './subject.ts'
import type { Tally } from './tally.ts'

/** What is done with each mutated capture; throws what must not come out. */
export type Target = (subject: Subject, tally: Tally) => Promise<void>

export const plantable = ['throws', 'loops', 'leaks'] as const
export type Planted = (typeof plantable)[number]

/** The package itself or, as a control, the package with a bug in it that the fuzzer must notice. */
export async function targetOf(planted: Planted | undefined): Promise<Target> {
  const { exercise } = await import('./exercise.ts')
  if (planted === undefined) return exercise
  const { plant } = await import('./planted.ts')
  return plant(planted, exercise)
}
