import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sinceBoot } from '../boot-clock.ts'
import { type Journal, newIncarnation } from '../keys/incarnation.ts'
import { isMissing, replaceFile } from './whole-file.ts'

/** Remembers which keys the kernel has been given, longer than the agent lives. */
export interface KeyJournal {
  readonly journal: Journal
  /** How long ago, in milliseconds, the incarnation began. */
  readonly age: number
  /** To be called before the keys are given to the kernel: a crash in between costs a rekeying, never a nonce. */
  willUse(fingerprints: readonly string[]): void
  beginAnew(): void
}

const bootIdFile = '/proc/sys/kernel/random/boot_id'

/**
 * The node's own journal of keys in use, beside the cluster store; no other node reads it. Its first line names the
 * incarnation and the boot it belongs to, each other line a key: to add one costs the same however many there are.
 */
export class JournalFile implements KeyJournal {
  readonly #path: string
  readonly #boot: string
  readonly #now: () => number
  #incarnation: string
  /** Milliseconds since the boot: whoever sets the clock on the wall makes no key older or younger. */
  #begun: number
  #used: Set<string>

  /** Goes on with the journal there is, or begins a first incarnation. */
  constructor(
    directory: string,
    node: string,
    { boot = readFileSync(bootIdFile, 'utf8').trim(), now = sinceBoot } = {},
  ) {
    this.#path = join(directory, 'journal', `${node}.json`)
    this.#boot = boot
    this.#now = now
    const begun = now()
    const journal = read(this.#path, boot) ?? {
      incarnation: newIncarnation(),
      begun,
      used: new Set<string>(),
    }
    this.#incarnation = journal.incarnation
    // What is to come cannot have been: it counts from here.
    this.#begun = Math.min(journal.begun, begun)
    this.#used = new Set(journal.used)
    this.#write()
  }

  get journal(): Journal {
    return { incarnation: this.#incarnation, used: this.#used }
  }

  get age(): number {
    return this.#now() - this.#begun
  }

  willUse(fingerprints: readonly string[]): void {
    const fresh = fingerprints.filter((each) => !this.#used.has(each))
    if (fresh.length === 0) return
    appendFileSync(this.#path, fresh.map((each) => `"${each}"\n`).join(''))
    for (const each of fresh) this.#used.add(each)
  }

  beginAnew(): void {
    this.#incarnation = newIncarnation()
    this.#begun = this.#now()
    this.#used = new Set()
    this.#write()
  }

  #write(): void {
    const head = JSON.stringify({ incarnation: this.#incarnation, boot: this.#boot, begun: this.#begun })
    replaceFile(this.#path, `${[head, ...Array.from(this.#used, (each) => `"${each}"`)].join('\n')}\n`)
  }
}

/**
 * A journal that is lost, damaged, or of another boot is as good as a reboot, after which the kernel holds no key of
 * before: undefined leads to keys nobody has used. A last line that is cut short is of a key that was never installed.
 */
function read(path: string, boot: string): (Journal & { readonly begun: number }) | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const [head = '', ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  try {
    const { incarnation, boot: of, begun } = JSON.parse(head)
    if (!/^[0-9a-f]{32}$/.test(incarnation) || of !== boot || typeof begun !== 'number') return undefined
    return {
      incarnation,
      begun,
      used: new Set(lines.filter((line) => line !== '').map((line) => JSON.parse(line))),
    }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
