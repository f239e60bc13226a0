import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KindError } from '../error.ts'
import { command } from '../process/command.ts'
import { run } from '../process/run.ts'
import { goMod, goSum } from './go-module.ts'
import { isAtLeast } from './version.ts'
import { which } from './which.ts'

/** Older ones cannot fetch the toolchain that a module asks for. */
const oldestGo = '1.21.0'

/** @returns nothing where no Go is there that is new enough. */
export async function findGo(
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const go = await which('go', environment)
  if (!go) return undefined
  const { exitCode, stdout } = await run([go, 'version'], { environment, signal })
  const [, major, minor, patch = '0'] = /go(\d+)\.(\d+)(?:\.(\d+))?/.exec(stdout) ?? []
  return exitCode === 0 && major && isAtLeast(`${major}.${minor}.${patch}`, oldestGo) ? go : undefined
}

/**
 * Builds kind from its Go module. Every module that goes in is checked against the hashes of go-module.ts.
 *
 * @param directory a scratch one, empty or not there.
 * @returns the program, in it.
 */
export async function buildKind(
  go: string,
  directory: string,
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string> {
  const source = join(directory, 'module')
  await mkdir(source, { recursive: true })
  await writeFile(join(source, 'go.mod'), goMod)
  await writeFile(join(source, 'go.sum'), goSum)
  const program = join(directory, 'kind')
  const argv = [
    go,
    'build',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    '-ldflags=-s -w',
    '-o',
    program,
  ] as const
  await command('build kind', [...argv, 'sigs.k8s.io/kind'], {
    directory: source,
    environment: {
      ...environment,
      CGO_ENABLED: '0',
      GOFLAGS: '',
      GOWORK: 'off',
      GOSUMDB: environment.GOSUMDB ?? '',
    },
    signal,
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new KindError('ENOKIND', 'kind could not be built from its Go module', { cause: error })
  })
  await rm(source, { recursive: true })
  return program
}
