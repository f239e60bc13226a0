import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { NameTable } from '../compact/name-table.ts'
import { NumbersByName } from '../compact/numbers-by-name.ts'
import { Malformed } from './parse.ts'
import { isMissing } from './whole-file.ts'

/** What the files of a directory are called and made of. */
interface Format {
  readonly extension: '.json' | '.yaml'
  /** @throws SyntaxError or Malformed */
  readonly read: (text: string) => unknown
}

const json: Format = { extension: '.json', read: JSON.parse }
/** For a parser that takes the text as it is. */
export const yaml: Format = { extension: '.yaml', read: (text) => text }

/** A Map, or what is smaller for very many. */
interface Values<Value> extends ReadonlyMap<string, Value> {
  set(name: string, value: Value): this
  delete(name: string): boolean
}

/** A directory of one file per object, named after the object. Only files that have changed are read again. */
export class ObjectDirectory<Value> {
  readonly #path: string
  readonly #parse: (content: unknown) => Value
  readonly #format: Format
  readonly #otherwise: Value | undefined
  readonly #versions = new NumbersByName()
  readonly #problems = new Map<string, string>()
  readonly #values: Values<Value>

  /**
   * @param parse throws Malformed.
   * @param options.otherwise what a file counts as that has never made sense; as if it were not there, when absent.
   * @param options.values where what the files say is kept.
   */
  constructor(
    path: string,
    parse: (content: unknown) => Value,
    {
      format = json,
      otherwise,
      values = new Map(),
    }: { readonly format?: Format; readonly otherwise?: Value; readonly values?: Values<Value> } = {},
  ) {
    this.#path = path
    this.#parse = parse
    this.#format = format
    this.#otherwise = otherwise
    this.#values = values
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
    for (const name of files ? this.#namesOf(files) : this.#everyName())
      if (this.#refreshObject(name)) changed.add(name)
    return changed
  }

  /** Of the files as they were last read, one sentence each. */
  problems(): string[] {
    return [...this.#problems.values()]
  }

  /** Of those that there are, and of those that there were. */
  *#everyName(): Generator<string> {
    const present = new NameTable()
    for (const name of this.#namesOf(listOrNothing(this.#path))) {
      present.add(name)
      yield name
    }
    for (const name of this.#versions.keys()) if (present.rowOf(name) < 0) yield name
  }

  *#namesOf(files: Iterable<string>): Generator<string> {
    const { extension } = this.#format
    for (const file of files) if (isObjectFile(file, this.#format)) yield objectOfFile(file, extension)
  }

  #refreshObject(name: string): boolean {
    const path = join(this.#path, fileOfObject(name, this.#format.extension))
    try {
      const version = versionOf(statSync(path, { bigint: true }))
      if (this.#versions.get(name) === version) return false
      this.#understand(name, readFileSync(path, 'utf8'))
      this.#versions.set(name, version)
      return true
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#values.delete(name)
      this.#problems.delete(name)
      return this.#versions.delete(name)
    }
  }

  #understand(name: string, text: string): void {
    try {
      const value = this.#parse(this.#format.read(text))
      this.#values.set(ownName(value, name), value)
      this.#problems.delete(name)
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error
      if (this.#otherwise !== undefined && !this.#values.has(name)) this.#values.set(name, this.#otherwise)
      const file = `${basename(this.#path)}/${fileOfObject(name, this.#format.extension)}`
      this.#problems.set(name, `${file} is not understood: ${error.message}`)
    }
  }
}

/** The same name, in the value's own copy where it has one: so it is in memory once. */
function ownName(value: unknown, name: string): string {
  const own = (value as { name?: unknown } | undefined)?.name
  return own === name ? own : name
}

/**
 * Changes with the file: a replaced one has another inode, a rewritten one another time. As many bits as a number holds, since
 * there may be a hundred thousand; where one of the three differs, so do they.
 */
function versionOf({ ino, mtimeNs, size }: BigIntStats): number {
  return Number(BigInt.asUintN(53, (ino * mix + mtimeNs) * mix + size))
}

/** Odd, so that nothing is lost by multiplication. */
const mix = 0x9e37_79b9_7f4a_7c15n

/** A name may be one in a namespace, such as `default/web`; no name has a tilde. */
export function fileOfObject(name: string, extension: '.json' | '.yaml' = '.json'): string {
  return name.replace('/', '~') + extension
}

function objectOfFile(file: string, extension: string): string {
  return basename(file, extension).replace('~', '/')
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
