/** Everything that a demo can break on purpose, one file for each. What each must come to is in proof/sabotage.ts. */
import type { SabotageKind } from '../proof/sabotage.ts'
import { agentBypassed } from './agent-bypassed.ts'
import { agentKilled } from './agent-killed.ts'
import { markCleared } from './mark-cleared.ts'
import { podUnguarded } from './pod-unguarded.ts'
import { policiesDeleted } from './policies-deleted.ts'
import { saDeleted } from './sa-deleted.ts'
import type { Sabotage } from './sabotage.ts'
import { wrongKey } from './wrong-key.ts'

export type { Sabotage, Target } from './sabotage.ts'

export const sabotages: Readonly<Record<SabotageKind, Sabotage>> = {
  'policies-deleted': policiesDeleted,
  'sa-deleted': saDeleted,
  'mark-cleared': markCleared,
  'pod-unguarded': podUnguarded,
  'wrong-key': wrongKey,
  'agent-killed': agentKilled,
  'agent-bypassed': agentBypassed,
}
