import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { oldestUsable } from './release.ts'
import { run } from './run.ts'
import { isAtLeast, versionIn } from './versions.ts'

/** A CLI, and the directory that goes first on PATH so that it finds its language host. */
export interface Cli {
  readonly program: string
  readonly directory: string
  readonly version: string
  readonly origin: 'path' | 'download' | 'build'
}

/** What PATH has to offer: a CLI that can be used, or why there is none. */
export type Found = { readonly cli: Cli } | { readonly why: string }

/** Looks for a CLI on PATH that is new enough and whole. */
export async function findOnPath(env: NodeJS.ProcessEnv = process.env): Promise<Found> {
  const program = which('pulumi', env)
  if (!program) return { why: 'there is no pulumi on PATH' }
  const { code, stdout } = await run(program, ['version'], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
  })
  const version = versionIn(stdout)
  if (code !== 0 || !version) return { why: `${program} does not tell its version` }
  if (!isAtLeast(version, oldestUsable))
    return { why: `${program} is ${version}; ${oldestUsable} or newer is needed` }
  const beside = dirname(realpathSync(program))
  const host = 'pulumi-language-nodejs'
  if (!isExecutable(join(beside, host)) && !which(host, env))
    return { why: `${program} comes without ${host}` }
  return { cli: { program, directory: dirname(program), version, origin: 'path' } }
}

/** The program that a shell would start. */
export function which(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const directories = (env.PATH ?? '').split(delimiter).filter((directory) => directory !== '')
  return directories.map((directory) => join(directory, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
