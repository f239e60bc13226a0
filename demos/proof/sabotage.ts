/** What can be broken on purpose; docs/proof.md says how each is done. */
export const sabotageKinds = [
  'policies-deleted',
  'sa-deleted',
  'mark-cleared',
  'pod-unguarded',
  'wrong-key',
  'agent-killed',
  'agent-bypassed',
] as const
export type SabotageKind = (typeof sabotageKinds)[number]

/** Whether strict mode is off or on while something is broken. */
export const modes = ['permissive', 'strict'] as const
export type Mode = (typeof modes)[number]

/** What a sabotage must come to. */
export type Consequence =
  /** The packets leave in clear, and the captures show it. */
  | 'leak'
  /** They leave in clear where no agent could stop them; the nodes they are for refuse them. */
  | 'leak-refused'
  /** The agent's gate at the wire drops them. */
  | 'agent-drops'
  /** The kernel has nothing to encrypt them with, and drops them. */
  | 'kernel-drops'
  /** They are sealed with a key that nobody else has: the capture's check sees it, and the receiving kernels refuse them. */
  | 'receiver-refuses'
  /** The pod is never connected. */
  | 'unconnected'

const consequences: Readonly<Record<SabotageKind, Readonly<Record<Mode, Consequence>>>> = {
  'policies-deleted': { permissive: 'leak', strict: 'agent-drops' },
  // A policy without its SA lets nothing pass, whatever the agent's mode.
  'sa-deleted': { permissive: 'kernel-drops', strict: 'kernel-drops' },
  'mark-cleared': { permissive: 'leak', strict: 'agent-drops' },
  'pod-unguarded': { permissive: 'leak', strict: 'agent-drops' },
  'wrong-key': { permissive: 'receiver-refuses', strict: 'receiver-refuses' },
  'agent-killed': { permissive: 'unconnected', strict: 'unconnected' },
  'agent-bypassed': { permissive: 'leak', strict: 'leak-refused' },
}

export function consequenceOf({
  kind,
  mode,
}: {
  readonly kind: SabotageKind
  readonly mode: Mode
}): Consequence {
  return consequences[kind][mode]
}
