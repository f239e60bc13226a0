import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where things of this user are kept, after the XDG base directory specification. */
export interface Directories {
  /** The CLI that was downloaded or built. Can be deleted at any time. */
  readonly cache: string
  /** Pulumi's own home: its plugins, credentials and which stack is selected. */
  readonly home: string
  /** The state of stacks. Outside the checkout: a lab belongs to the machine's user, not to one clone. */
  readonly state: string
  /** Holds the passphrase; readable by its owner only. */
  readonly config: string
}

export function directories(env: NodeJS.ProcessEnv = process.env, userHome: string = homedir()): Directories {
  const base = (variable: string, fallback: string) => env[variable] || join(userHome, fallback)
  const state = join(base('XDG_STATE_HOME', '.local/state'), 'wireproof', 'pulumi')
  return {
    cache: join(base('XDG_CACHE_HOME', '.cache'), 'wireproof', 'pulumi'),
    home: join(state, 'home'),
    state: join(state, 'stacks'),
    config: join(base('XDG_CONFIG_HOME', '.config'), 'wireproof'),
  }
}
