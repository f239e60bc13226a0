/** What a policy decides beyond pods being encrypted: which services are, or that nodes themselves are as well. */
export const scopeKinds = ['services', 'nodes'] as const
export type ScopeKind = (typeof scopeKinds)[number]
/** One that says so; and one meant to, that a slip of the pen has made say nothing. */
export type MisspeltArm = `${ScopeKind}/misspelt`
export type ScopedArm = ScopeKind | MisspeltArm

export const scopedArms: readonly ScopedArm[] = scopeKinds.flatMap((kind) => [kind, misspeltOf(kind)])

export function misspeltOf(kind: ScopeKind): MisspeltArm {
  return `${kind}/misspelt`
}

export function isScoped(arm: string): arm is ScopedArm {
  return (scopedArms as readonly string[]).includes(arm)
}

export function isMisspelt(arm: string): arm is MisspeltArm {
  return isScoped(arm) && arm.endsWith('/misspelt')
}
