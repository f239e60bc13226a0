import { Scope, type ScopeWorld } from './scope.ts'

/** The scope that is in force, made anew when what decides about it has changed. */
export class CurrentScope {
  #known: readonly unknown[] = []
  #scope: Scope | undefined

  /** @returns the scope where it is another one than before. */
  update(world: ScopeWorld): Scope | undefined {
    const { encryptionPolicies, services, namespaces } = world
    const decisive = [encryptionPolicies, services, namespaces].flatMap((map) => [
      map.size,
      ...[...map].flat(),
    ])
    if (
      this.#scope &&
      decisive.length === this.#known.length &&
      decisive.every((each, at) => each === this.#known[at])
    )
      return undefined
    this.#known = decisive
    this.#scope = new Scope(world)
    return this.#scope
  }

  get scope(): Scope {
    return this.#scope!
  }
}
