import { CommandError } from '../error.ts'
import { diagnose } from './diagnose.ts'
import { type Ended, type RunOptions, run } from './run.ts'

/**
 * Runs a command that must succeed.
 *
 * @param what it is for, for the message: `create cluster demo`.
 * @returns what it printed to standard output.
 * @throws CommandError where it does not, with its last lines; or the signal's reason.
 */
export async function command(
  what: string,
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<string> {
  let ended: Ended
  try {
    ended = await run(argv, options)
  } catch (error) {
    if (options.signal?.aborted) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new CommandError({
      code: 'ECOMMAND',
      what: `cannot ${what}: ${argv[0]} cannot be started (${code})`,
      argv,
      lastLines: [message],
      cause: error,
    })
  }
  if (ended.exitCode === 0) return ended.stdout
  throw failed(what, argv, ended)
}

/** The error for a command that ended with something else than success. */
export function failed(what: string, argv: readonly [string, ...string[]], ended: Ended): CommandError {
  const { exitCode, signal, lastLines } = ended
  const { code, why, remedy } = diagnose(lastLines)
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
  return new CommandError({
    code,
    what: `cannot ${what}: ${why ?? `${argv[0].split('/').at(-1)} ${how}`}`,
    argv,
    exitCode,
    signal,
    lastLines,
    remedy,
  })
}
