/** What watches an operation: shows its progress on the resource's line, and may end it. */
export interface Watching {
  readonly report: (line: string) => void
  /** What is to be known after the end as well. */
  readonly warn: (line: string) => void
  readonly signal: AbortSignal
}

export interface Mistake {
  readonly property: string
  /** The end of a sentence that begins with the property. */
  readonly reason: string
}

/**
 * A kind of resource that {@link ClusterProvider} serves. Inputs and states are plain objects: what is secret on its way
 * from and to Pulumi is not wrapped here.
 */
export interface ResourceKind<Inputs, State extends object> {
  /** Properties of the state that nobody may see. */
  readonly secrets: readonly (keyof State & string)[]
  /** Also asked while something is known only later: {@link isKnown} tells. */
  mistakes?(inputs: Inputs): readonly Mistake[]
  /** The properties that differ; of those in `replaces` another is a new resource, and the old one goes first. */
  diff(
    state: State,
    inputs: Inputs,
  ): { readonly changed: readonly string[]; readonly replaces: readonly string[] }
  create(inputs: Inputs, watching: Watching): Promise<{ readonly id: string; readonly state: State }>
  update?(state: State, inputs: Inputs, watching: Watching): Promise<State>
  /** Undefined where it is gone. */
  read?(state: State): Promise<State | undefined>
  /** No complaint where it is gone. */
  delete?(state: State, watching: Watching): Promise<void>
}

/** Stands for a value that is known only after `up`. */
export const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'

export function isKnown(value: unknown): boolean {
  return value !== unknownValue
}
