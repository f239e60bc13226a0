import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Journal, newIncarnation } from '../keys/incarnation.ts'
import { writeJson } from './files.ts'

/** The node's own journal of keys in use, beside the cluster store; no other node reads it. */
export class JournalFile {
  readonly #path: string
  #journal: Journal

  /** Goes on with the journal there is, or begins a first incarnation. */
  constructor(directory: string, node: string) {
    this.#path = join(directory, 'journal', `${node}.json`)
    this.#journal = read(this.#path) ?? { incarnation: newIncarnation(), used: new Set() }
  }

  get journal(): Journal {
    return this.#journal
  }

  /** To be called before the keys are given to the kernel: a crash in between costs a rekeying, never a nonce. */
  willUse(fingerprints: readonly string[]): void {
    const used = new Set([...this.#journal.used, ...fingerprints])
    if (used.size !== this.#journal.used.size) this.#write({ ...this.#journal, used })
  }

  beginAnew(): void {
    this.#write({ incarnation: newIncarnation(), used: new Set() })
  }

  #write(journal: Journal): void {
    writeJson(this.#path, { incarnation: journal.incarnation, used: [...journal.used] })
    this.#journal = journal
  }
}

/** A journal that is lost or damaged is as good as a reboot: undefined leads to keys nobody has used. */
function read(path: string): Journal | undefined {
  try {
    const { incarnation, used } = JSON.parse(readFileSync(path, 'utf8'))
    if (!/^[0-9a-f]{32}$/.test(incarnation) || !Array.isArray(used)) return undefined
    return { incarnation, used: new Set(used) }
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
