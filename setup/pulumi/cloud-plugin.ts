import { Problem } from '../../lab/problem.ts'
import type { Directories } from './directories.ts'
import type { Cli } from './find.ts'
import type { PluginOptions } from './kubernetes-plugin.ts'
import { answers, installOfficial, isInstalled, type OfficialPlugin, releaseOf } from './official-plugin.ts'

/** The versions that the stacks of clouds name. Their resources' inputs are recorded from these: change both in one commit. */
export const cloudPluginVersions = { aws: '7.48.0', gcp: '9.37.0' } as const

/**
 * Sees to it that Pulumi finds the plugin for a cloud: the one that is installed already, else the official one. None is built here:
 * their modules replace parts of themselves by what only their own repositories have.
 *
 * @throws Problem where it cannot be had.
 */
export async function ensureCloudPlugin(
  cloud: keyof typeof cloudPluginVersions,
  cli: Cli,
  places: Directories,
  env: NodeJS.ProcessEnv,
  { report, signal, from }: PluginOptions,
): Promise<void> {
  const plugin: OfficialPlugin = { name: cloud, version: cloudPluginVersions[cloud] }
  if (isInstalled(plugin, env.PULUMI_HOME ?? places.home)) return
  if (!(await answers(from ?? releaseOf(plugin), signal))) {
    signal?.throwIfAborted()
    throw new Problem(
      'ENOPLUGIN',
      3,
      `Pulumi’s plugin for ${cloud}, ${plugin.version}, is not installed, and its server does not answer`,
      `Install it (pulumi plugin install resource ${cloud} ${plugin.version}) where get.pulumi.com can be reached. It is not built here.`,
    )
  }
  report(`installing Pulumi’s plugin for ${cloud}, ${plugin.version}: some hundred MB`)
  await installOfficial(plugin, cli, env, signal)
}
