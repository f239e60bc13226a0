import { complainOfName } from './config/validate.ts'
import { KindError } from './error.ts'
import { command } from './process/command.ts'
import type { RunOptions } from './process/run.ts'
import type { Progress } from './progress/events.ts'
import { ProgressParser } from './progress/parser.ts'
import type { Provider } from './provider.ts'

/** What every operation needs to know. */
export interface Context {
  /** The path of the kind program. */
  readonly program: string
  readonly provider: Provider
  /** Of every command; names the provider for kind. */
  readonly environment: NodeJS.ProcessEnv
}

/** Options of every operation. */
export interface OperationOptions {
  /** Ends the operation. It then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of operations that take their time. */
export interface ProgressOptions extends OperationOptions {
  /** Called as things happen. What it throws ends nothing and is lost, so it should not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** Runs kind. @returns what it printed to standard output. */
export async function kindCommand(
  { program, environment }: Context,
  what: string,
  words: readonly string[],
  { signal, onProgress, input }: ProgressOptions & Pick<RunOptions, 'input'> = {},
): Promise<string> {
  const parser = new ProgressParser()
  let error: string | undefined
  return await command(what, [program, ...words], {
    environment,
    signal,
    ...(input === undefined ? {} : { input }),
    onErrorLine: (line) => {
      const progress = parser.parse(line)
      if (progress?.type === 'error') error = progress.message
      if (progress) tell(onProgress, progress)
    },
    // The command line that kind quotes is long, and what it printed follows.
    headline: () =>
      error?.replace(/^failed to (create|delete) cluster(?: "[^"]*")?: /, '').replace(/: command ".*$/s, ''),
  })
}

/** Runs the provider's own program. @returns what it printed to standard output. */
export async function providerCommand(
  { provider, environment }: Context,
  what: string,
  words: readonly string[],
  options: Pick<RunOptions, 'signal' | 'input'> = {},
): Promise<string> {
  return await command(what, [provider, ...words], { environment, ...options })
}

/** A listener's mistake must not leave a cluster half made. */
export function tell(onProgress: ProgressOptions['onProgress'], progress: Progress): void {
  try {
    onProgress?.(progress)
  } catch {}
}

/** @throws KindError `ECONFIG` */
export function assertClusterName(name: string): void {
  const wrong = complainOfName(name)
  if (wrong) throw new KindError('ECONFIG', `the name of a cluster ${wrong}`)
}

/** @throws KindError `EOUTPUT` where it is not JSON. */
export function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new KindError('EOUTPUT', `${from} did not print JSON: ${text.slice(0, 200)}`, { cause: error })
  }
}

/** The lines of what a command printed, without the empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}
