import { closeSync, openSync, readFileSync } from 'node:fs'
import { check, libc } from '@wireproof/ffi'
import { isMissing, replaceFile } from './whole-file.ts'

const LOCK_EX = 2

/** A number that agents on one machine count up together. A lock ends with its holder, also one that is killed. */
export class RevisionFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** 0 while there is none. */
  read(): number {
    try {
      return Number(readFileSync(this.#path, 'utf8'))
    } catch (error) {
      if (isMissing(error)) return 0
      throw error
    }
  }

  /**
   * Counts one up.
   *
   * @param publish is done before the new revision can be read: whoever reads it finds all that was published up to it.
   */
  advance(publish: (revision: number) => void): void {
    const lock = openSync(`${this.#path}.lock`, 'a', 0o600)
    try {
      check('flock', libc.flock(lock, LOCK_EX), this.#path)
      const next = this.read() + 1
      publish(next)
      replaceFile(this.#path, `${next}\n`)
    } finally {
      closeSync(lock)
    }
  }
}
