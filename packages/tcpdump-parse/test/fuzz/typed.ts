import type { Tally } from './tally.ts'

/** Does what may fail in the one way that it says it fails in. @throws whatever else came out. */
export function typed(
  what: string,
  type: new (...args: never[]) => Error,
  action: () => void,
  tally: Tally,
): void {
  try {
    action()
    tally.add(what, 'understood')
  } catch (error) {
    if (!(error instanceof type)) throw error
    tally.add(what, 'refused')
  }
}
