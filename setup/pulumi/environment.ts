import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Directories } from './directories.ts'
import type { Cli } from './find.ts'
import { passphraseFile } from './passphrase.ts'

/**
 * The environment in which Pulumi needs no account and no network. What the user has set stays as it is.
 *
 * The directory of this very node goes first on PATH: Pulumi starts programs with the `node` it finds there, and ours
 * are TypeScript that an older one cannot read.
 */
export function pulumiEnvironment(
  cli: Cli,
  places: Directories,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const passphraseIsSet =
    env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined
  const defaults: NodeJS.ProcessEnv = {
    PULUMI_HOME: places.home,
    PULUMI_BACKEND_URL: pathToFileURL(places.state).href,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    // A stack file without an encryption salt is then read with the salt in the stack's state: see stack-file.ts.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
    ...(passphraseIsSet ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(places.config) }),
  }
  const result = { ...defaults, ...env }
  result.PATH = [dirname(process.execPath), cli.directory, env.PATH].filter(Boolean).join(':')
  if (result.PULUMI_BACKEND_URL === defaults.PULUMI_BACKEND_URL) mkdirSync(places.state, { recursive: true })
  return result
}
