import { Problem } from '../lab/problem.ts'
import { run } from '../setup/pulumi/run.ts'

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined
  readonly directory?: string
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * What a program prints. Interrupted, it is ended.
 *
 * @param doing what it is run for, as in `making the root file system`.
 * @throws Problem with its last lines where it fails.
 */
export async function command(
  doing: string,
  argv: readonly [string, ...string[]],
  { signal, directory, environment }: CommandOptions = {},
): Promise<string> {
  const [program, ...rest] = argv
  const { code, stdout, stderr } = await run(program, rest, {
    ...(signal && { signal }),
    ...(directory !== undefined && { cwd: directory }),
    ...(environment && { env: environment }),
  })
  if (code === 0) return stdout
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-4).join('; ')
  throw new Problem('EIMAGE', 4, `${doing} failed: ${said}`, 'Running it again goes on where it stopped.')
}
