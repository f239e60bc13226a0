import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileOfObject } from '../cluster/object-directory.ts'
import { isMissing, replaceFile } from '../cluster/whole-file.ts'

/** The files of one kind of object in a cluster store: written where they differ, so that nobody is woken for nothing. */
export class DirectoryMirror {
  readonly #directory: string
  readonly #extension: '.json' | '.yaml'
  /** Files that are somebody else's to write. */
  readonly #except: string | undefined

  /** @param except name of an object that is left alone. */
  constructor(directory: string, { extension = '.json', except }: MirrorOptions = {}) {
    this.#directory = directory
    this.#extension = extension
    this.#except = except
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  put(name: string, value: unknown): void {
    if (name === this.#except) return
    const path = this.#path(name)
    const text = `${JSON.stringify(value)}\n`
    if (textOf(path) !== text) replaceFile(path, text)
  }

  remove(name: string): void {
    if (name !== this.#except) rmSync(this.#path(name), { force: true })
  }

  /** Removes all that are not named. */
  keepOnly(names: ReadonlySet<string>): void {
    const keep = new Set([...names].map((name) => fileOfObject(name, this.#extension)))
    if (this.#except !== undefined) keep.add(fileOfObject(this.#except, this.#extension))
    for (const file of readdirSync(this.#directory)) if (!keep.has(file)) rmSync(join(this.#directory, file))
  }

  #path(name: string): string {
    return join(this.#directory, fileOfObject(name, this.#extension))
  }
}

interface MirrorOptions {
  readonly extension?: '.json' | '.yaml'
  readonly except?: string
}

/** Undefined where there is no such file. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
