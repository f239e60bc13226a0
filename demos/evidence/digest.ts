import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface FileDigest {
  readonly name: string
  readonly sha256: string
  readonly bytes: number
}

export function digestOf(directory: string, name: string): FileDigest {
  const content = readFileSync(join(directory, name))
  return { name, sha256: hash('sha256', content), bytes: content.length }
}

/** Every file of a bundle, by its path within. */
export function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort()
}
