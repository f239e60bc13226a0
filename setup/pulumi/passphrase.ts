import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The file with this user's passphrase, made at first use. Secrets in the configuration and in the state are encrypted
 * with it, so it is kept outside both.
 */
export function passphraseFile(configDirectory: string): string {
  const file = join(configDirectory, 'pulumi-passphrase')
  if (existsSync(file)) return file
  mkdirSync(configDirectory, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 })
  try {
    // A link, unlike a rename, never replaces a passphrase that something was already encrypted with.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return file
}
