import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Malformed } from './parse.ts'
import { isMissing } from './whole-file.ts'

interface Known {
  /** Changes with the file: a replaced file has another inode, a rewritten one another time. */
  readonly version: string
  readonly problem: string | undefined
}

/** A directory of one JSON file per object, named after the object. Only files that have changed are read again. */
export class ObjectDirectory<Value> {
  readonly #path: string
  readonly #parse: (json: unknown) => Value
  readonly #known = new Map<string, Known>()
  readonly #values = new Map<string, Value>()

  /** @param parse throws Malformed. */
  constructor(path: string, parse: (json: unknown) => Value) {
    this.#path = path
    this.#parse = parse
  }

  /** What the files last said that made sense, by object name. */
  get values(): ReadonlyMap<string, Value> {
    return this.#values
  }

  /**
   * Reads what has changed.
   *
   * @param files those to look at; all, when absent.
   * @returns the names of objects that changed.
   */
  refresh(files?: Iterable<string>): Set<string> {
    const changed = new Set<string>()
    for (const file of files ?? new Set([...listOrNothing(this.#path), ...this.#known.keys()]))
      if (isObjectFile(file) && this.#refreshFile(file)) changed.add(basename(file, '.json'))
    return changed
  }

  /** Of the files as they were last read, one sentence each. */
  problems(): string[] {
    return [...this.#known.values()].flatMap(({ problem }) => problem ?? [])
  }

  #refreshFile(file: string): boolean {
    const path = join(this.#path, file)
    try {
      const { ino, mtimeNs, size } = statSync(path, { bigint: true })
      const version = `${ino} ${mtimeNs} ${size}`
      if (this.#known.get(file)?.version === version) return false
      this.#understand(file, version, readFileSync(path, 'utf8'))
      return true
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#values.delete(basename(file, '.json'))
      return this.#known.delete(file)
    }
  }

  #understand(file: string, version: string, text: string): void {
    let problem: string | undefined
    try {
      this.#values.set(basename(file, '.json'), this.#parse(JSON.parse(text)))
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error
      problem = `${basename(this.#path)}/${file} is not understood: ${error.message}`
    }
    this.#known.set(file, { version, problem })
  }
}

/** Writers make drafts under names that begin with a dot. */
export function isObjectFile(file: string): boolean {
  return file.endsWith('.json') && !file.startsWith('.')
}

function listOrNothing(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
