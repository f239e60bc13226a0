import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { wiresharkProfile } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import { tsharkLine } from '../report/recheck.ts'
import { file } from './format.ts'
import { espKeys } from './keys.ts'
import { readBundle, requireBundle } from './read-bundle.ts'

export interface OpenOptions {
  readonly keys?: string
  /** Only print the line for tshark. */
  readonly print?: boolean
  readonly environment?: NodeJS.ProcessEnv
  readonly output?: NodeJS.WritableStream
}

/**
 * Starts Wireshark on a bundle's sealed capture with a profile that opens it, or prints what to type where there is no
 * Wireshark or no screen.
 *
 * @returns the exit code.
 * @throws Problem for what is no bundle, or one without keys.
 */
export async function openBundle(directory: string, options: OpenOptions = {}): Promise<number> {
  const { environment = process.env, output = process.stdout } = options
  requireBundle(directory)
  const { material } = await readBundle(directory, options.keys === undefined ? {} : { keys: options.keys })
  if (material.keysWithheld)
    throw new Problem(
      'ENOKEYS',
      2,
      `${directory} holds no keys, so what is encrypted in it stays so`,
      'Show the security associations with --keys.',
    )
  const { name, isDisposable } = material.facts.cluster
  if (!isDisposable)
    process.stderr.write(`These are keys of ${name}, which is not a lab: handle them as such.\n`)
  const hasScreen = Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
  const wireshark = hasScreen && !options.print ? programOn(environment.PATH, 'wireshark') : undefined
  const { esp_sa, preferences } = wiresharkProfile(espKeys(material.associations))
  if (wireshark === undefined) {
    output.write(`cd ${directory}\n${tsharkLine()}\n`)
    return 0
  }
  // Not in the bundle: Wireshark writes into its profiles, and nothing there may change.
  const configuration = mkdtempSync(join(tmpdir(), 'wireproof-wireshark-'))
  try {
    const profile = join(configuration, 'profiles', 'wireproof')
    mkdirSync(profile, { recursive: true, mode: 0o700 })
    writeFileSync(join(profile, 'esp_sa'), esp_sa, { mode: 0o600 })
    writeFileSync(join(profile, 'preferences'), preferences)
    const child = spawn(wireshark, ['-C', 'wireproof', resolve(directory, file.wire)], {
      stdio: 'inherit',
      env: { ...environment, WIRESHARK_CONFIG_DIR: configuration },
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return code === 0 ? 0 : 4
  } finally {
    rmSync(configuration, { recursive: true, force: true })
  }
}

function programOn(path: string | undefined, name: string): string | undefined {
  return path
    ?.split(':')
    .map((directory) => join(directory, name))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
