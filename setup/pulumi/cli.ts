import { join } from 'node:path'
import { buildDigest, buildFromModules } from './build.ts'
import { install, isIntact } from './cache.ts'
import { directories } from './directories.ts'
import { downloadRelease, Unreachable } from './download.ts'
import { type Cli, findOnPath } from './find.ts'
import { archiveName, version } from './release.ts'

export interface CliOptions {
  /** How far to go for a CLI: a build from Go modules takes minutes. */
  readonly upTo: 'download' | 'build'
  readonly report: (line: string) => void
  readonly signal?: AbortSignal
}

/** A CLI that can be used, or why there is none. */
export type Obtained = { readonly cli: Cli } | { readonly why: string }

/**
 * The user's own CLI where it is new enough, else the one of this user's cache, else the official release, else, where
 * allowed, one built from Go modules.
 */
export async function obtainCli({ upTo, report, signal }: CliOptions): Promise<Obtained> {
  const onPath = await findOnPath()
  if ('cli' in onPath) return onPath
  const { cache } = directories()
  const released: Cli = cached(join(cache, `${version}-release-${process.arch}`), 'download')
  const built: Cli = cached(join(cache, `${version}-${process.arch}-${buildDigest()}`), 'build')
  for (const cli of [released, built]) if (await isIntact(cli.directory)) return { cli }
  const unreachable = await download(released, report, signal)
  if (unreachable === undefined) return { cli: released }
  if (upTo === 'download')
    return { why: `${onPath.why}, and its official release cannot be had (${unreachable})` }
  report(`${onPath.why}; its official release cannot be had (${unreachable})`)
  await install(built.directory, (partial) => buildFromModules(partial, report, signal))
  return { cli: built }
}

async function download(
  cli: Cli,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    await install(cli.directory, (partial) => downloadRelease(partial, signal && { signal }))
  } catch (error) {
    if (error instanceof Unreachable) return error.message
    throw error
  }
  report(`downloaded ${archiveName()}; it matches the release's published checksum`)
  return undefined
}

function cached(directory: string, origin: Cli['origin']): Cli {
  return { program: join(directory, 'pulumi'), directory, version, origin }
}
