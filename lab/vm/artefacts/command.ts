import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A program that ended with a code other than zero, with what it said. */
export class CommandError extends Error {
  readonly program: string
  readonly exitCode: number | undefined
  readonly output: string

  constructor(program: string, exitCode: number | undefined, output: string) {
    super(`${program} failed: ${output.trim().split('\n').at(-1) ?? ''}`)
    this.name = 'CommandError'
    this.program = program
    this.exitCode = exitCode
    this.output = output
  }
}

/**
 * Runs a program to its end.
 *
 * @returns its standard output.
 * @throws CommandError
 */
export async function command(
  program: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], { maxBuffer: 64 << 20, ...options })
    return stdout
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error
    const {
      code,
      stdout = '',
      stderr = '',
      message,
    } = error as Error & {
      code?: number | string
      stdout?: string
      stderr?: string
    }
    if (code === 'ENOENT') throw new CommandError(program, undefined, `${program} is not installed`)
    throw new CommandError(
      program,
      typeof code === 'number' ? code : undefined,
      `${stdout}${stderr}` || message,
    )
  }
}
