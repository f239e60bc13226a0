import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Malformed } from './parse.ts'

interface Known<Value> {
  /** Changes with the file: a replaced file has another inode, a rewritten one another time. */
  readonly version: string
  /** What the file last said that made sense. */
  readonly value: Value | undefined
  readonly problem: string | undefined
}

/** A directory of one JSON file per object, named after the object. Only files that have changed are read again. */
export class ObjectDirectory<Value> {
  readonly #path: string
  readonly #parse: (json: unknown) => Value
  #known = new Map<string, Known<Value>>()

  /** @param parse throws Malformed. */
  constructor(path: string, parse: (json: unknown) => Value) {
    this.#path = path
    this.#parse = parse
  }

  /** By object name. */
  read(): Map<string, Value> {
    const known = new Map<string, Known<Value>>()
    for (const file of listOrNothing(this.#path)) {
      if (!isObjectFile(file)) continue
      const entry = this.#readFile(file, this.#known.get(file))
      if (entry) known.set(file, entry)
    }
    this.#known = known
    return new Map(
      [...known].flatMap(([file, { value }]) =>
        value === undefined ? [] : [[basename(file, '.json'), value] as const],
      ),
    )
  }

  /** Of the files as they were last read, one sentence each. */
  problems(): string[] {
    return [...this.#known.values()].flatMap(({ problem }) => problem ?? [])
  }

  #readFile(file: string, before: Known<Value> | undefined): Known<Value> | undefined {
    const path = join(this.#path, file)
    try {
      const { ino, mtimeNs, size } = statSync(path, { bigint: true })
      const version = `${ino} ${mtimeNs} ${size}`
      if (before?.version === version) return before
      return this.#understand(file, version, readFileSync(path, 'utf8'), before?.value)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  #understand(file: string, version: string, text: string, last: Value | undefined): Known<Value> {
    try {
      return { version, value: this.#parse(JSON.parse(text)), problem: undefined }
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error
      const problem = `${basename(this.#path)}/${file} is not understood: ${error.message}`
      return { version, value: last, problem }
    }
  }
}

/** Writers make drafts under names that begin with a dot. */
export function isObjectFile(file: string): boolean {
  return file.endsWith('.json') && !file.startsWith('.')
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function listOrNothing(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
