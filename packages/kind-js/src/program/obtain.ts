import { createHash, randomUUID } from 'node:crypto'
import { access, constants, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KindError } from '../error.ts'
import { run } from '../process/run.ts'
import { buildKind, findGo } from './go.ts'
import { goMod, goSum } from './go-module.ts'
import { downloadRelease, officialRelease, type Release, Unreachable } from './release.ts'
import { bundledVersion, isAtLeast, oldestVersion, versionIn } from './version.ts'
import { which } from './which.ts'

/** Where kind may come from. */
export interface ObtainOptions {
  readonly environment?: NodeJS.ProcessEnv
  /** Where it is kept once it was brought; `kind-js` in the user's cache directory by default. */
  readonly cache?: string
  /** Only look on PATH and in the cache. */
  readonly offline?: boolean
  readonly release?: Release
  readonly signal?: AbortSignal | undefined
  /** Told what is fetched or built, which may take a minute. */
  readonly onNotice?: (notice: string) => void
}

/**
 * The path of a kind program: the one on PATH where it is new enough, else the one in the cache, else the official
 * release, compared with its published checksum, else one built from Go modules whose hashes are pinned here.
 *
 * @throws KindError `ENOKIND` where none of these can be had.
 */
export async function obtainKind(options: ObtainOptions = {}): Promise<string> {
  const { environment = process.env, signal, offline = false, onNotice = () => {} } = options
  const own = await which('kind', environment)
  if (own) {
    const version = await kindVersion(own, environment, signal)
    if (version && isAtLeast(version, oldestVersion)) return own
    onNotice(`${own} is kind ${version ?? 'of an unknown version'}; ${oldestVersion} or later is needed`)
  }
  const cache = options.cache ?? defaultCache(environment)
  const released = join(cache, `kind-${bundledVersion}-${process.platform}-${process.arch}`)
  const built = `${released}-${createHash('sha256').update(goMod).update(goSum).digest('hex').slice(0, 12)}`
  for (const program of [released, built]) if (await isExecutable(program)) return program
  if (offline) throw nowhere('and it is not to be fetched')

  const scratch = join(cache, `partial-${randomUUID()}`)
  await mkdir(scratch, { recursive: true })
  try {
    const partial = join(scratch, 'release')
    const release = options.release ?? officialRelease()
    let why: string
    try {
      onNotice(`fetching kind ${bundledVersion} from ${release.from}`)
      await downloadRelease(release, partial, signal)
      await rename(partial, released)
      return released
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      why = error.message
    }
    onNotice(`the release of kind cannot be had (${why})`)
    const go = await findGo(environment, signal)
    if (!go) throw nowhere(`its release cannot be had (${why}), and there is no Go to build it with`)
    onNotice(`building kind ${bundledVersion} from its Go module`)
    await rename(await buildKind(go, join(scratch, 'build'), environment, signal), built)
    return built
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** @returns nothing where the program does not say. */
export async function kindVersion(
  program: string,
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { exitCode, stdout } = await run([program, 'version'], { environment, signal })
  return exitCode === 0 ? versionIn(stdout) : undefined
}

function defaultCache(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache'), 'kind-js')
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function nowhere(why: string): KindError {
  return new KindError('ENOKIND', `kind ${oldestVersion} or later is not on PATH, ${why}`, {
    remedy:
      'Install it: https://kind.sigs.k8s.io/docs/user/quick-start/#installation (or brew install kind, apk add kind).',
  })
}
