/** From captures, security associations and the facts of a run to a verdict: pure functions, the same live and from a bundle. */

export type { Account, SentPacket } from './account.ts'
export type { AddressBook, Holders } from './address-book.ts'
export {
  type ArmName,
  armNames,
  isSabotage,
  isSealed,
  type SabotageArm,
  type SealedArm,
  sabotageArms,
  sabotageOf,
} from './arms.ts'
export { type AttemptKind, attemptKinds, attemptPlans } from './attempt.ts'
export { openFailures } from './authentic.ts'
export {
  type BotchedArm,
  botchedArms,
  botchOf,
  type ChangeKind,
  changeKinds,
  changeOf,
  isBotched,
  isChange,
  type Mishap,
  mishapOf,
} from './change.ts'
export { type CheckId, type CheckResult, type CheckState, checkIds, type Offender } from './check.ts'
export { conversation } from './cleartext.ts'
export { associationId, espSa } from './esp-sa.ts'
export { fingerprint } from './forwarding.ts'
export { attemptsByKind } from './intruders-stopped.ts'
export { type Course, courseOf } from './moments.ts'
export {
  type ArmView,
  associationsOf,
  inOrder,
  kindOf,
  observe,
  type RunView,
  type SeenFrame,
} from './observe.ts'
export { fromOverlay, isInOverlay, openedPacket } from './overlay.ts'
export * from './run.ts'
export {
  type Consequence,
  consequenceOf,
  type Mode,
  modes,
  type SabotageKind,
  sabotageKinds,
} from './sabotage.ts'
export {
  isMisspelt,
  isScoped,
  type MisspeltArm,
  misspeltOf,
  type ScopedArm,
  type ScopeKind,
  scopedArms,
} from './scoped.ts'
export { fullSequence } from './sequence.ts'
export { milliseconds } from './streams.ts'
export {
  expectedState,
  type Judgement,
  judge,
  keylessChecks,
  type Verdict,
  verdictExitCode,
} from './verdict.ts'
