import { type BotchedArm, botchOf, type ChangeKind, changeKinds, isChange } from './change.ts'
import { type Mode, modes, type SabotageKind, sabotageKinds } from './sabotage.ts'
import { isMisspelt, isScoped, type ScopedArm, scopedArms } from './scoped.ts'

/** One arm for each thing that is broken on purpose, in each mode. */
export type SabotageArm = `${SabotageKind}/${Mode}`
/** Everything that is to be encrypted is, and whole: nothing changes, or it changes as it must. */
export type SealedArm = 'encrypted' | ChangeKind | Exclude<ScopedArm, 'services/misspelt'>
export type ArmName = 'control' | SealedArm | BotchedArm | ScopedArm | SabotageArm

export const sabotageArms = sabotageKinds.flatMap((kind) =>
  modes.map((mode): SabotageArm => `${kind}/${mode}`),
)

/** Every arm that a run can have, in the order in which they are told of. */
export const armNames: readonly ArmName[] = [
  'control',
  'encrypted',
  ...changeKinds.flatMap((kind) => [kind, botchOf(kind)]),
  ...scopedArms,
  ...sabotageArms,
]

export function isSealed(arm: ArmName): arm is SealedArm {
  return arm === 'encrypted' || isChange(arm) || (isScoped(arm) && !isMisspelt(arm))
}

/** What is broken in an arm; undefined where nothing is. */
export function sabotageOf(arm: ArmName): { readonly kind: SabotageKind; readonly mode: Mode } | undefined {
  for (const kind of sabotageKinds)
    for (const mode of modes) if (arm === `${kind}/${mode}`) return { kind, mode }
  return undefined
}

export function isSabotage(arm: ArmName): arm is SabotageArm {
  return sabotageOf(arm) !== undefined
}
