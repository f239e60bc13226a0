/** Something that a person can understand and act on: shown as one sentence and a remedy, never as a stack. */
export class Problem extends Error {
  readonly code: string
  readonly exitCode: number
  readonly remedy: string | undefined

  /** @param exitCode one of cli/exit-codes.ts: 2 usage, 3 this machine cannot, 4 the environment broke. */
  constructor(code: string, exitCode: number, message: string, remedy?: string) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.exitCode = exitCode
    this.remedy = remedy
  }
}
