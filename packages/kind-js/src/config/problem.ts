/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where, such as `nodes[0].extraPortMappings[1].hostPort`; empty for the whole. */
  readonly path: string
  /** What, with what is allowed there. */
  readonly message: string
  /** The values, or names of fields, that are allowed there, where they can be listed. */
  readonly allowed?: readonly string[]
  /** Of the text that was parsed, counted from 1. */
  readonly line?: number
}

/** Gathers problems while a configuration is walked through. */
export class Problems {
  readonly found: ConfigProblem[] = []

  add(path: string, message: string): void {
    this.found.push({ path, message })
  }

  /** @param what says what the value is instead, such as `"ip4" is not allowed`. */
  addWithAllowed(path: string, what: string, allowed: readonly string[]): void {
    this.found.push({ path, message: `${what}; allowed: ${allowed.join(', ')}`, allowed })
  }
}

/** One line: where, and what. */
export function describeProblem({ path, message, line }: ConfigProblem): string {
  const where = [line === undefined ? '' : `line ${line}`, path].filter(Boolean).join(', ')
  return where ? `${where}: ${message}` : message
}
