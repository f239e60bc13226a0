import {
  type ArmName,
  type BotchedArm,
  type ChangeKind,
  type Consequence,
  consequenceOf,
  isBotched,
  isChange,
  isScoped,
  type SabotageKind,
  type ScopedArm,
  sabotageOf,
} from '../proof/index.ts'

export const sabotageTitles: Readonly<Record<SabotageKind, string>> = {
  'policies-deleted': 'Policies deleted',
  'sa-deleted': 'SAs deleted',
  'mark-cleared': 'Mark cleared',
  'pod-unguarded': 'Pod unguarded',
  'wrong-key': 'Stranger’s key',
  'agent-killed': 'Agent killed',
  'agent-bypassed': 'Agent bypassed',
}

const changeTitles: Readonly<Record<ChangeKind | BotchedArm, string>> = {
  rotate: 'Keys rotated',
  'rotate/hasty': 'Keys rotated in haste',
  restart: 'Agents killed',
  'restart/forgetful': 'Agents killed with their SAs',
  partition: 'Cut off',
  'partition/open': 'Cut off, and open',
  replay: 'Everything repeated',
  'replay/unwindowed': 'Everything repeated, no replay window',
  policy: 'Policy changed in mid-session',
  'policy/frozen': 'Policy changed, one agent frozen',
  spoof: 'Intruders',
  'spoof/open': 'Intruders, checks taken away',
  churn: 'Nodes and pods come and go',
  'churn/unguarded': 'Pods come before they are guarded',
  upgrade: 'Agents upgraded',
  'upgrade/bare': 'Agents upgraded, nothing guarding',
}

const scopeTitles: Readonly<Record<ScopedArm, string>> = {
  services: 'Some services',
  'services/misspelt': 'Some services, misspelt',
  nodes: 'Nodes as well',
  'nodes/misspelt': 'Nodes as well, misspelt',
}

const consequenceWords: Readonly<Record<Consequence, string>> = {
  leak: 'leak caught',
  'leak-refused': 'leak caught, and refused on arrival',
  'agent-drops': 'stopped by the agent',
  'kernel-drops': 'stopped by the kernel',
  'receiver-refuses': 'caught, and refused by the receivers',
  unconnected: 'never connected',
}

/** Such as `Policies deleted, strict`. */
export function armTitle(arm: ArmName): string {
  const sabotage = sabotageOf(arm)
  if (sabotage) return `${sabotageTitles[sabotage.kind]}, ${sabotage.mode}`
  if (isChange(arm) || isBotched(arm)) return changeTitles[arm]
  if (isScoped(arm)) return scopeTitles[arm]
  return arm === 'control' ? 'Control' : 'Encrypted'
}

/** What has to come of what was broken in an arm, in two or three words. */
export function consequenceTitle(arm: ArmName): string | undefined {
  const sabotage = sabotageOf(arm)
  return sabotage && consequenceWords[consequenceOf(sabotage)]
}
