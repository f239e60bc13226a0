import { KindError } from './error.ts'
import { run } from './process/run.ts'

/** What runs the containers that are a cluster's nodes; kind's name for it, and the name of its program. */
export type Provider = 'docker' | 'podman' | 'nerdctl' | 'finch' | 'nerdctl.lima'

/** All that kind knows. */
export const providers: readonly Provider[] = ['docker', 'podman', 'nerdctl', 'finch', 'nerdctl.lima']

/** kind's own variable for it. */
const variable = 'KIND_EXPERIMENTAL_PROVIDER'

/** In kind's order, with how each begins to say what it is. */
const detected: readonly (readonly [Provider, string])[] = [
  ['docker', 'Docker version'],
  ['nerdctl', 'nerdctl version'],
  ['finch', 'finch version'],
  ['podman', 'podman version'],
]

/**
 * The provider that kind would take: the one of `KIND_EXPERIMENTAL_PROVIDER`, else the first of docker, nerdctl, finch
 * and podman whose program is there. Whether its daemon answers is not asked.
 *
 * @throws KindError `ENOPROVIDER` where there is none.
 */
export async function detectProvider(
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<Provider> {
  const named = environment[variable]
  if (named) return assertProvider(named)
  for (const [provider, greeting] of detected)
    if (await introducesItself(provider, greeting, environment, signal)) return provider
  throw new KindError(
    'ENOPROVIDER',
    'there is no container provider: none of docker, nerdctl, finch, podman answers',
    {
      remedy: 'Install Docker, Podman or nerdctl.',
    },
  )
}

/** @throws KindError `ENOPROVIDER` for a name that is none. */
export function assertProvider(name: string): Provider {
  const provider = providers.find((its) => its === name)
  if (provider) return provider
  throw new KindError('ENOPROVIDER', `"${name}" is no provider; allowed: ${providers.join(', ')}`)
}

/** Tells kind which provider to take. */
export function environmentFor(provider: Provider, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, [variable]: provider }
}

async function introducesItself(
  provider: Provider,
  greeting: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const { exitCode, stdout } = await run([provider, '-v'], { environment, signal })
    return exitCode === 0 && stdout.startsWith(greeting)
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return false
  }
}
