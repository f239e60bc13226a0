import { CommandError } from '../error.ts'
import { diagnose } from './diagnose.ts'
import { type Ended, type RunOptions, run } from './run.ts'

/** Options of a command that must succeed. */
export interface CommandOptions extends RunOptions {
  /** The line in which a command says why it failed, where that can be told; it may be far above the last ones. */
  readonly headline?: () => string | undefined
}

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
  options: CommandOptions = {},
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
  throw failed(what, argv, ended, options.headline?.())
}

/** The error for a command that ended with something else than success. */
function failed(
  what: string,
  argv: readonly [string, ...string[]],
  { exitCode, signal, lastLines }: Ended,
  headline: string | undefined,
): CommandError {
  const {
    code,
    why = headline,
    remedy,
  } = diagnose(headline === undefined ? lastLines : [headline, ...lastLines])
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
