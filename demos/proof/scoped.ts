/** A policy that covers some of the traffic; and one meant to, that a slip of the pen has made cover none. */
export const scopedArms = ['services', 'services/misspelt'] as const
export type ScopedArm = (typeof scopedArms)[number]

export function isScoped(arm: string): arm is ScopedArm {
  return (scopedArms as readonly string[]).includes(arm)
}

export function isMisspelt(arm: string): arm is 'services/misspelt' {
  return arm === 'services/misspelt'
}
