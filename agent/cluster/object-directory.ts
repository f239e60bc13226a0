import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Malformed } from './parse.ts'
import { isMissing } from './whole-file.ts'

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
  readonly #otherwise: Value | undefined
  /** By file. It changes with the file: a replaced one has another inode, a rewritten one another time. */
  readonly #versions = new Map<string, string>()
  readonly #problems = new Map<string, string>()
  readonly #values = new Map<string, Value>()

  /**
   * @param parse throws Malformed.
   * @param otherwise what a file counts as that has never made sense; as if it were not there, when absent.
   */
  constructor(path: string, parse: (content: unknown) => Value, format: Format = json, otherwise?: Value) {
    this.#path = path
    this.#parse = parse
    this.#format = format
    this.#otherwise = otherwise
  }

  /** What the files last said that made sense, by object name. */
  get values(): ReadonlyMap<string, Value> {
    return this.#values
  }

  /** How many files there are now, without reading any. */
  count(): number {
    return listOrNothing(this.#path).length
  }

  /**
   * Reads what has changed.
   *
   * @param files those to look at; all, when absent.
   * @returns the names of objects that changed.
   */
  refresh(files?: Iterable<string>): Set<string> {
    const changed = new Set<string>()
    for (const file of files ?? new Set([...listOrNothing(this.#path), ...this.#versions.keys()]))
      if (isObjectFile(file, this.#format) && this.#refreshFile(file)) changed.add(this.#nameOf(file))
    return changed
  }

  /** Of the files as they were last read, one sentence each. */
  problems(): string[] {
    return [...this.#problems.values()]
  }

  #refreshFile(file: string): boolean {
    const path = join(this.#path, file)
    try {
      const { ino, mtimeNs, size } = statSync(path, { bigint: true })
      const version = `${ino} ${mtimeNs} ${size}`
      if (this.#versions.get(file) === version) return false
      this.#understand(file, readFileSync(path, 'utf8'))
      this.#versions.set(file, version)
      return true
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#values.delete(this.#nameOf(file))
      this.#problems.delete(file)
      return this.#versions.delete(file)
    }
  }

  #nameOf(file: string): string {
    return basename(file, this.#format.extension)
  }

  #understand(file: string, text: string): void {
    try {
      this.#values.set(this.#nameOf(file), this.#parse(this.#format.read(text)))
      this.#problems.delete(file)
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error
      if (this.#otherwise !== undefined && !this.#values.has(this.#nameOf(file)))
        this.#values.set(this.#nameOf(file), this.#otherwise)
      this.#problems.set(file, `${basename(this.#path)}/${file} is not understood: ${error.message}`)
    }
  }
}

/** Writers make drafts under names that begin with a dot. */
export function isObjectFile(file: string, ...formats: readonly Format[]): boolean {
  const allowed = formats.length > 0 ? formats : [json, yaml]
  return allowed.some(({ extension }) => file.endsWith(extension)) && !file.startsWith('.')
}

function listOrNothing(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
