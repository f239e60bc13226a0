import type { ChangeHands } from './change.ts'

/** Does something as often as it is to be done, and tells how far it is. */
export async function inRounds(
  { rounds, task }: ChangeHands,
  noun: string,
  once: (task: ChangeHands['task']) => Promise<void>,
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    task.signal.throwIfAborted()
    task.progress(`${noun} ${round} of ${rounds}`)
    await once(task)
  }
}

/** "once", "5 times". */
export function times(rounds: number): string {
  return rounds === 1 ? 'once' : `${rounds} times`
}
