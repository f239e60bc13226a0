import { type FSWatcher, mkdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type ClusterKey, parseClusterKey } from '../keys/cluster-key.ts'
import type { NetworkPolicy } from '../policy/network-policy.ts'
import { parsePolicies } from '../policy/parse.ts'
import { AgentProblem } from '../problem.ts'
import { isMissing, isObjectFile, ObjectDirectory, yaml } from './object-directory.ts'
import {
  parseAnnouncement,
  parseIncarnation,
  parseNamespace,
  parseNode,
  parsePod,
  parseSettings,
} from './parse.ts'
import type { Announcement, ClusterNode, ClusterPod, ClusterState } from './state.ts'

const directories = ['nodes', 'pods', 'namespaces', 'policies', 'incarnations', 'acks'] as const

/** Changes closer together than this, in milliseconds, are read at once: a lab of a hundred pods writes in one burst. */
const debounce = 5

/**
 * The cluster store of labs on one machine: a directory that whoever owns the cluster writes `config.json`, `key`,
 * `nodes/`, `pods/`, `namespaces/` and `policies/` to, and each agent `incarnations/<node>.json` and `acks/<node>.json`. Every file has one writer,
 * and is replaced whole.
 */
export class FileStore {
  readonly directory: string
  readonly #nodes: ObjectDirectory<ClusterNode>
  readonly #pods: ObjectDirectory<ClusterPod>
  readonly #namespaces: ObjectDirectory<Readonly<Record<string, string>>>
  readonly #policies: ObjectDirectory<readonly NetworkPolicy[]>
  readonly #incarnations: ObjectDirectory<string>
  readonly #acks: ObjectDirectory<Announcement>

  constructor(directory: string) {
    this.directory = directory
    this.#nodes = new ObjectDirectory(join(directory, 'nodes'), parseNode)
    this.#pods = new ObjectDirectory(join(directory, 'pods'), parsePod)
    this.#namespaces = new ObjectDirectory(join(directory, 'namespaces'), parseNamespace)
    this.#policies = new ObjectDirectory(join(directory, 'policies'), parsePolicies, yaml)
    this.#incarnations = new ObjectDirectory(join(directory, 'incarnations'), parseIncarnation)
    this.#acks = new ObjectDirectory(join(directory, 'acks'), parseAnnouncement)
  }

  /**
   * Reads the whole store. A file that cannot be understood keeps its last good meaning and is reported in `problems`.
   *
   * @throws AgentProblem when settings or key are missing or malformed: without them there is nothing to aim at.
   */
  read(): ClusterState {
    const nodes = [...this.#nodes.read().values()].sort((a, b) => a.id - b.id)
    const pods = [...this.#pods.read().values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return {
      settings: this.#readSettings(),
      key: this.#readKey(),
      nodes,
      pods,
      namespaces: this.#namespaces.read(),
      policies: [...this.#policies.read()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, each]) => each),
      incarnations: this.#incarnations.read(),
      announcements: this.#acks.read(),
      problems: [
        this.#nodes,
        this.#pods,
        this.#namespaces,
        this.#policies,
        this.#incarnations,
        this.#acks,
      ].flatMap((kind) => kind.problems()),
    }
  }

  writeIncarnation(node: string, incarnation: string): void {
    writeJson(join(this.directory, 'incarnations', `${node}.json`), { incarnation })
  }

  writeAnnouncement(node: string, announcement: Announcement): void {
    writeJson(join(this.directory, 'acks', `${node}.json`), announcement)
  }

  /** Calls `onChange` after files have changed, once for a burst. */
  watch(onChange: () => void, onError: (error: Error) => void): { close(): void } {
    let timer: NodeJS.Timeout | undefined
    const changed = (_event: string, file: string | null) => {
      if (file && !isObjectFile(file) && file !== 'key') return
      timer ??= setTimeout(() => {
        timer = undefined
        onChange()
      }, debounce)
    }
    const watchers: FSWatcher[] = []
    for (const directory of ['', ...directories]) {
      const path = join(this.directory, directory)
      mkdirSync(path, { recursive: true, mode: 0o700 })
      watchers.push(watch(path, changed).on('error', onError))
    }
    return {
      close() {
        clearTimeout(timer)
        for (const watcher of watchers) watcher.close()
      },
    }
  }

  #readSettings(): ClusterState['settings'] {
    const path = join(this.directory, 'config.json')
    try {
      return parseSettings(JSON.parse(readFileSync(path, 'utf8')))
    } catch (error) {
      throw unusable(path, error, 'Write {"encryptL3": true, "strict": true} to it.')
    }
  }

  #readKey(): ClusterKey {
    const path = join(this.directory, 'key')
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      throw unusable(path, error, 'Write a cluster key to it, readable by its owner only.')
    }
    return parseClusterKey(text)
  }
}

/** A reader sees the old content or the new, never half: rename(2) is atomic. */
export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 })
  renameSync(draft, path)
}

function unusable(path: string, error: unknown, remedy: string): AgentProblem {
  const why = isMissing(error) ? 'is not there' : `cannot be used: ${(error as Error).message}`
  return new AgentProblem('ESTORE', 4, `the cluster store's ${path} ${why}`, remedy)
}
