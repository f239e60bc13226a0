import type { CheckResult } from './schema.ts'

export const checkIds = [
  'app.delivered',
  'app.lossless',
  'policy.enforced',
  'intruders.stopped',
  'addresses.apart',
  'wire.no-cleartext',
  'wire.no-canary',
  'wire.authentic',
  'wire.complete',
  'wire.unique',
  'wire.counted',
  'control.seen',
  'scope.side-by-side',
  'sabotage.caught',
] as const
export type CheckId = (typeof checkIds)[number]

export type { CheckResult, CheckState, Offender } from './schema.ts'

export const offendersShown = 5

/** A check's outcome before its name is put on it. */
export type Outcome = Omit<CheckResult, 'id' | 'arm'>

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : many}`
}

/** A check with nothing to look at proves nothing. */
export function noEsp(numbers: Outcome['numbers']): Outcome {
  const says = 'No ESP packet is in the wire captures.'
  return { state: 'inconclusive', says, numbers, offenders: [] }
}
