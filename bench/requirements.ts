import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Ends the benchmark with the exit code for a machine that cannot, and the remedy, where a program is missing. */
export function requirePrograms(names: readonly string[]): void {
  const directories = (process.env.PATH ?? '').split(delimiter)
  const missing = names.filter((name) => !directories.some((directory) => existsSync(join(directory, name))))
  if (missing.length === 0) return
  process.stderr.write(
    `this benchmark needs ${missing.join(', ')}\n  npm run bench brings what is missing.\n`,
  )
  process.exit(3)
}
