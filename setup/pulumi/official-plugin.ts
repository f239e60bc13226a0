import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../../lab/problem.ts'
import type { Cli } from './find.ts'
import { run } from './run.ts'

/** One of Pulumi's own plugins, as its official release has it. */
export interface OfficialPlugin {
  /** `kubernetes`, `aws`, `gcp`. */
  readonly name: string
  readonly version: string
}

export const programOf = ({ name }: OfficialPlugin) => `pulumi-resource-${name}`

/** Where its release is downloaded from. */
export function releaseOf(plugin: OfficialPlugin): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  return `https://get.pulumi.com/releases/plugins/${programOf(plugin)}-v${plugin.version}-linux-${architecture}.tar.gz`
}

/** Where Pulumi looks for it. @param home Pulumi's own. */
export function placeOf(plugin: OfficialPlugin, home: string): string {
  return join(home, 'plugins', `resource-${plugin.name}-v${plugin.version}`, programOf(plugin))
}

/** A link whose cache was emptied does not exist. */
export function isInstalled(plugin: OfficialPlugin, home: string): boolean {
  return existsSync(placeOf(plugin, home))
}

export async function answers(url: string, signal?: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.timeout(5000)
  try {
    const response = await fetch(url, {
      method: 'HEAD',
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    })
    return response.ok
  } catch {
    return false
  }
}

/** Has the CLI install it. @throws Problem where that fails. */
export async function installOfficial(
  { name, version }: OfficialPlugin,
  cli: Cli,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  const argv = ['plugin', 'install', 'resource', name, version]
  const { code, stderr } = await run(cli.program, argv, { env, ...(signal && { signal }) })
  if (code !== 0)
    throw new Problem(
      'EPLUGIN',
      4,
      `Pulumi could not install its plugin ${name}: ${stderr.trim().split('\n').at(-1)}`,
      `Try it by hand: pulumi ${argv.join(' ')}`,
    )
}
