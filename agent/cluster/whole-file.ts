import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A reader sees the old content or the new, never half: rename(2) is atomic. Readable by its owner only. */
export function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, path)
}

export function writeJson(path: string, value: unknown): void {
  replaceFile(path, `${JSON.stringify(value)}\n`)
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
