import { existsSync, type FSWatcher, mkdirSync, readFileSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type ClusterKey, parseClusterKey } from '../keys/cluster-key.ts'
import { parsePolicies } from '../policy/parse.ts'
import { AgentProblem } from '../problem.ts'
import { everything, parseEncryptionPolicies, parseService } from '../scope/parse.ts'
import { isObjectFile, ObjectDirectory, yaml } from './object-directory.ts'
import { parseAnnouncement, parseLife, parseNamespace, parseNode, parsePod, parseSettings } from './parse.ts'
import { PodTable } from './pod-table.ts'
import { RevisionFile } from './revision-file.ts'
import type { Announcement, Changes, ClusterView, Settings } from './state.ts'
import type { ClusterStore, Listening } from './store.ts'
import { isMissing, writeJson } from './whole-file.ts'

const kinds = [
  'nodes',
  'pods',
  'namespaces',
  'policies',
  'encryption',
  'services',
  'incarnations',
  'acks',
] as const

type Kind = (typeof kinds)[number]

/**
 * Who gives lives their revisions: those who publish them, by counting, or whoever keeps the directory like another store,
 * and then says which it was.
 */
export type Revisions = 'counted' | 'assigned'

interface FileStoreOptions {
  /** Of the cluster key; `key` in the directory where absent. */
  readonly keyFile?: string
  readonly revisions?: Revisions
}

/** In which whoever keeps the directory like another store says what it cannot read there. */
export const mirrorFile = 'mirror.json'

/** Changes closer together than this, in milliseconds, are read at once: a lab of a hundred pods writes in one burst. */
const debounce = 5

/**
 * The cluster store of labs on one machine: a directory that whoever owns the cluster writes `config.json`, `key`,
 * `nodes/`, `pods/`, `namespaces/`, `services/`, `policies/` and `encryption/` to, and each agent
 * `incarnations/<node>.json` and `acks/<node>.json`.
 * Every file has one writer, and is replaced whole; only `revision`, which counts the lives published, is written by all.
 */
export class FileStore implements ClusterStore {
  readonly directory: string
  readonly #keyFile: string
  readonly #revisions: Revisions
  readonly #nodes
  readonly #pods
  readonly #namespaces
  readonly #policies
  readonly #encryptionPolicies
  readonly #services
  readonly #lives
  readonly #announcements
  readonly #revision: RevisionFile
  /** Files that have changed since the last refresh, as far as the watch was told; undefined while nobody watches. */
  #touched: Record<Kind, Set<string>> | undefined
  #view: ClusterView | undefined
  #wake: (() => void) | undefined
  #listening: Listening = 'all'

  constructor(
    directory: string,
    { keyFile = join(directory, 'key'), revisions = 'counted' }: FileStoreOptions = {},
  ) {
    this.directory = directory
    this.#keyFile = keyFile
    this.#revisions = revisions
    this.#nodes = new ObjectDirectory(join(directory, 'nodes'), parseNode)
    this.#pods = new ObjectDirectory(join(directory, 'pods'), parsePod, { values: new PodTable() })
    this.#namespaces = new ObjectDirectory(join(directory, 'namespaces'), parseNamespace)
    this.#policies = new ObjectDirectory(join(directory, 'policies'), parsePolicies, { format: yaml })
    const encryption = join(directory, 'encryption')
    this.#encryptionPolicies = new ObjectDirectory(encryption, parseEncryptionPolicies, {
      format: yaml,
      otherwise: everything,
    })
    this.#services = new ObjectDirectory(join(directory, 'services'), parseService)
    this.#lives = new ObjectDirectory(join(directory, 'incarnations'), parseLife)
    this.#announcements = new ObjectDirectory(join(directory, 'acks'), parseAnnouncement)
    this.#revision = new RevisionFile(join(directory, 'revision'))
  }

  /** As many pods as there are files of pods, without reading them. */
  countPods(): number {
    return this.#pods.count()
  }

  get view(): ClusterView {
    if (!this.#view) throw new Error('the store has not been read yet')
    return this.#view
  }

  /** A file that cannot be understood keeps its last good meaning and is reported in `problems`. */
  refresh(thorough: boolean): Changes {
    if (!existsSync(this.directory)) throw unreachable(this.directory)
    const before = this.#view
    const touched = thorough ? undefined : this.#touched
    if (this.#wake) this.#touched = nothingTouched()
    // Before the lives: each that was published up to it is then found.
    const revision = this.#revision.read()
    const nodes = this.#nodes.refresh(touched?.nodes)
    for (const name of this.#lives.refresh(touched?.incarnations)) nodes.add(name)
    // Those that nobody was woken for are looked for as soon as they matter again.
    for (const name of this.#announcements.refresh(touched?.acks)) nodes.add(name)
    const pods = this.#pods.refresh(touched?.pods)
    this.#namespaces.refresh(touched?.namespaces)
    this.#policies.refresh(touched?.policies)
    this.#encryptionPolicies.refresh(touched?.encryption)
    this.#services.refresh(touched?.services)
    const problems: string[] = []
    const settings = this.#settings(before?.settings, problems)
    const key = this.#key(before?.key, problems)
    problems.push(...this.#mirrorProblems())
    const described = [this.#nodes, this.#pods, this.#namespaces, this.#services]
    const policies = [this.#policies, this.#encryptionPolicies]
    for (const directory of [...described, ...policies, this.#lives, this.#announcements])
      problems.push(...directory.problems())
    this.#view = {
      settings,
      key,
      nodes: this.#nodes.values,
      pods: this.#pods.values,
      namespaces: this.#namespaces.values,
      policies: this.#policies.values,
      encryptionPolicies: this.#encryptionPolicies.values,
      services: this.#services.values,
      lives: this.#lives.values,
      announcements: this.#announcements.values,
      revision,
      problems,
    }
    return { everything: key !== before?.key, nodes, pods }
  }

  publishLife(node: string, incarnation: string): void {
    const publish = (revision: number) =>
      writeJson(join(this.directory, 'incarnations', `${node}.json`), { incarnation, revision })
    if (this.#revisions === 'counted') this.#revision.advance(publish)
    // Until another has been assigned: so nobody has heard of this life.
    else publish(Number.MAX_SAFE_INTEGER)
  }

  announce(node: string, announcement: Announcement): void {
    writeJson(join(this.directory, 'acks', `${node}.json`), announcement)
  }

  watch(onChange: () => void, onError: (error: Error) => void): { close(): void } {
    let timer: NodeJS.Timeout | undefined
    const wake = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        onChange()
      }, debounce)
    }
    this.#wake = wake
    const watchers: FSWatcher[] = []
    const look = (path: string, changed: (file: string | null) => void) => {
      mkdirSync(path, { recursive: true, mode: 0o700 })
      watchers.push(watch(path, (_event, file) => changed(file)).on('error', onError))
    }
    look(this.directory, (file) => {
      // Its own name: it has been taken away, or put back.
      if (
        file === null ||
        file === basename(this.directory) ||
        ['key', 'config.json', mirrorFile].includes(file)
      )
        wake()
    })
    // Of a Secret that is mounted another link is put in the place of its directory.
    if (dirname(this.#keyFile) !== this.directory) look(dirname(this.#keyFile), wake)
    for (const kind of kinds)
      look(join(this.directory, kind), (file) => {
        if (file !== null && !isObjectFile(file)) return
        this.#touch(kind, file)
        if (kind !== 'acks' || file === null || this.#isHeard(file)) wake()
      })
    return {
      close: () => {
        clearTimeout(timer)
        this.#wake = undefined
        this.#touched = undefined
        for (const watcher of watchers) watcher.close()
      },
    }
  }

  listen(to: Listening): void {
    this.#listening = to
    // What came while nobody listened to it, and since the store was read.
    for (const file of this.#touched?.acks ?? []) if (this.#isHeard(file)) this.#wake?.()
  }

  #isHeard(file: string): boolean {
    return this.#listening === 'all' || this.#listening.has(basename(file, '.json'))
  }

  /** @param file null where the watch does not say which. */
  #touch(kind: Kind, file: string | null): void {
    if (file === null) this.#touched = undefined
    else this.#touched?.[kind].add(file)
  }

  #settings(before: Settings | undefined, problems: string[]): Settings {
    const path = join(this.directory, 'config.json')
    const read = () => parseSettings(JSON.parse(readFileSync(path, 'utf8')))
    return lastGood(before, problems, () => {
      try {
        return read()
      } catch (error) {
        throw unusable(path, error, 'Write {"encryptL3": true, "strict": true} to it.')
      }
    })
  }

  #mirrorProblems(): readonly string[] {
    const path = join(this.directory, mirrorFile)
    if (this.#revisions === 'counted' || !existsSync(path)) return []
    const { problems } = JSON.parse(readFileSync(path, 'utf8')) as { problems: readonly string[] }
    return problems
  }

  #key(before: ClusterKey | undefined, problems: string[]): ClusterKey {
    const path = this.#keyFile
    return lastGood(before, problems, () => {
      let text: string
      try {
        text = readFileSync(path, 'utf8')
      } catch (error) {
        throw unusable(path, error, 'Write a cluster key to it, readable by its owner only.')
      }
      const key = parseClusterKey(text)
      if (before?.id !== key.id) return key
      if (before.material.equals(key.material)) return before
      // Nodes that took it at different moments could not hear each other, and nobody could tell old from new.
      throw new AgentProblem(
        'EKEY',
        2,
        `the cluster key has changed, but not its id ${key.id}`,
        'Give the new key the next id.',
      )
    })
  }
}

function nothingTouched(): Record<Kind, Set<string>> {
  return Object.fromEntries(kinds.map((kind) => [kind, new Set<string>()])) as Record<Kind, Set<string>>
}

/** What was read before stays in force where what is there now makes no sense. @throws AgentProblem at the first reading. */
function lastGood<Value>(before: Value | undefined, problems: string[], read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (before === undefined || !(error instanceof AgentProblem)) throw error
    problems.push(`${error.message}; what was there before stays in force`)
    return before
  }
}

/** Not to be taken for a store in which there is nothing: all that is in force stays. */
function unreachable(directory: string): AgentProblem {
  return new AgentProblem(
    'ESTORE',
    4,
    `the cluster store ${directory} is out of reach`,
    'Put it back; until then the node stays as it is.',
  )
}

function unusable(path: string, error: unknown, remedy: string): AgentProblem {
  const why = isMissing(error) ? 'is not there' : `cannot be used: ${(error as Error).message}`
  return new AgentProblem('ESTORE', 4, `the cluster store's ${path} ${why}`, remedy)
}
