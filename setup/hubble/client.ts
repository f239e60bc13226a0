import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildProgram, findGo } from '../pulumi/build.ts'
import { install, isIntact } from '../pulumi/cache.ts'
import { downloadArchive, type Release, Unreachable } from '../pulumi/download.ts'
import { which } from '../pulumi/find.ts'
import { run } from '../pulumi/run.ts'
import { isAtLeast, versionIn } from '../pulumi/versions.ts'
import { build, expectedBuild, oldestUsable, release, version, wrapper } from './release.ts'

const programs = ['hubble']

export interface ClientOptions {
  readonly report: (line: string) => void
  readonly signal?: AbortSignal
  /** Tests have a release of their own, and a directory for it. */
  readonly release?: Release
  readonly cache?: string
  readonly env?: NodeJS.ProcessEnv
}

/**
 * The path of a `hubble` command: the user's own where it is new enough, else the one of this user's cache, else the
 * official release, else one built from Go modules.
 *
 * @throws Problem where it has to be built and cannot be.
 */
export async function obtainHubble(options: ClientOptions): Promise<string> {
  const { report, signal, env = process.env } = options
  const own = await findOnPath(env)
  if (own) return own
  const cache = options.cache ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wireproof', 'hubble')
  const released = join(cache, `${version}-release-${process.arch}`)
  const built = join(cache, `${version}-${process.arch}-${buildDigest()}`)
  for (const directory of [released, built])
    if (await isIntact(directory, programs)) return join(directory, 'hubble')
  const official = options.release ?? release()
  try {
    await install(released, (partial) => downloadArchive(official, partial, signal && { signal }), programs)
    report(`downloaded ${official.archive} of hubble ${version}; it matches the published checksum`)
    return join(released, 'hubble')
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    report(`the official release of hubble cannot be had (${error.message})`)
  }
  await install(built, (partial) => buildFromModules(partial, options), programs)
  return join(built, 'hubble')
}

async function findOnPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const program = which('hubble', env)
  if (!program) return undefined
  const { code, stdout } = await run(program, ['version'], { env })
  const found = versionIn(stdout)
  return code === 0 && found && isAtLeast(found, oldestUsable) ? program : undefined
}

/** Changes whenever another version or another dependency would be built. */
function buildDigest(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(wrapper, file)))
  return hash.digest('hex').slice(0, 12)
}

async function buildFromModules(directory: string, { report, signal, env }: ClientOptions): Promise<void> {
  const go = await findGo('hubble has to be built here', build.remedy, env)
  report(
    `building hubble ${version} from its Go module: about ${expectedBuild.minutes} minutes on two cores and ` +
      `${expectedBuild.gigabytes} GB in Go's caches, once`,
  )
  const started = Date.now()
  await buildProgram(go, build, directory, signal)
  report(`built hubble in ${Math.round((Date.now() - started) / 1000)} s`)
}
