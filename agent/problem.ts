/** Why the agent cannot go on, for a person: one sentence, the remedy, and the exit code of cli/exit-codes.ts. */
export class AgentProblem extends Error {
  readonly code: string
  readonly exitCode: number
  readonly remedy: string

  /** @param exitCode 2 usage, 3 this machine cannot, 4 the environment broke. */
  constructor(code: string, exitCode: number, message: string, remedy: string) {
    super(message)
    this.name = 'AgentProblem'
    this.code = code
    this.exitCode = exitCode
    this.remedy = remedy
  }
}
