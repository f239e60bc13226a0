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

/** What the files of a directory are called and made of. */
interface Format {
  readonly extension: string
  /** @throws SyntaxError or Malformed */
  readonly read: (text: string) => unknown
}

const json: Format = { extension: '.json', read: JSON.parse }
/** For a parser that takes the text as it is. */
export const yaml: Format = { extension: '.yaml', read: (text) => text }

/** A directory of one file per object, named after the object. Only files that have changed are read again. */
export class ObjectDirectory<Value> {
  readonly #path: string
  readonly #parse: (content: unknown) => Value
  readonly #format: Format
  #known = new Map<string, Known<Value>>()

  /** @param parse throws Malformed. */
  constructor(path: string, parse: (content: unknown) => Value, format: Format = json) {
    this.#path = path
    this.#parse = parse
    this.#format = format
  }

  /** By object name. */
  read(): Map<string, Value> {
    const known = new Map<string, Known<Value>>()
    for (const file of listOrNothing(this.#path)) {
      if (!isObjectFile(file, this.#format)) continue
      const entry = this.#readFile(file, this.#known.get(file))
      if (entry) known.set(file, entry)
    }
    this.#known = known
    return new Map(
      [...known].flatMap(([file, { value }]) =>
        value === undefined ? [] : [[basename(file, this.#format.extension), value] as const],
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
      return { version, value: this.#parse(this.#format.read(text)), problem: undefined }
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error
      const problem = `${basename(this.#path)}/${file} is not understood: ${error.message}`
      return { version, value: last, problem }
    }
  }
}

/** Writers make drafts under names that begin with a dot. */
export function isObjectFile(file: string, ...formats: readonly Format[]): boolean {
  const allowed = formats.length > 0 ? formats : [json, yaml]
  return allowed.some(({ extension }) => file.endsWith(extension)) && !file.startsWith('.')
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
