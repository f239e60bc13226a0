import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sinceBoot } from '../../agent/boot-clock.ts'
import type { EncryptionSettings, LabNode, LabPod } from '../lab.ts'
import { newClusterKey, nextKeyId, type SuiteName, suiteNames, suiteOfClusterKey } from '../suites.ts'
import {
  type IpFamily,
  ipFamilies,
  type Routing,
  routings,
  type ServiceSpec,
  type WireSpec,
} from '../topology.ts'
import { clusterDirectory, podRangesOf, runDirectory } from './layout.ts'

/** All policies of a kind are in one file, as nothing in a lab has them one by one. */
export const policyFiles = { network: 'policies/lab.yaml', encryption: 'encryption/lab.yaml' } as const
type PolicyFile = (typeof policyFiles)[keyof typeof policyFiles]

/** The one that Cilium's documentation begins with. */
const firstKeyId = 3

/**
 * The lab's side of the file cluster store that agents watch: nodes, pods, settings and the cluster key. Files appear
 * whole or not at all.
 */
export class Store {
  readonly #lab: string

  constructor(lab: string) {
    this.#lab = lab
  }

  /** Where agents look for it, unless it is hidden from them. */
  get directory(): string {
    return existsSync(this.#hidden) ? this.#hidden : clusterDirectory(this.#lab)
  }

  get #hidden(): string {
    return `${clusterDirectory(this.#lab)}.hidden`
  }

  /** The lab still knows its nodes and pods; an agent finds nothing. */
  hide(): void {
    renameSync(clusterDirectory(this.#lab), this.#hidden)
  }

  show(): void {
    if (existsSync(this.#hidden)) renameSync(this.#hidden, clusterDirectory(this.#lab))
  }

  /**
   * Makes the store with a fresh cluster key of the suite and everything on, unless it is there; one that a demo had hidden
   * is shown.
   */
  create(suite: SuiteName = suiteNames[0]): void {
    this.show()
    mkdirSync(runDirectory(this.#lab), { recursive: true, mode: 0o700 })
    for (const kind of ['nodes', 'pods', 'services'])
      mkdirSync(join(this.directory, kind), { recursive: true })
    if (!existsSync(this.#keyFile)) this.#writeKey(firstKeyId, suite)
    if (!existsSync(this.#configFile)) this.configure({ encryptL3: true, strict: true })
  }

  /** What the cluster key is for; undefined for a key that is not of our making. */
  suite(): SuiteName | undefined {
    return suiteOfClusterKey(readFileSync(this.#keyFile, 'utf8'))
  }

  /**
   * Replaces the cluster key by a fresh one under the next id: the agents move to it without a gap.
   *
   * @returns the ids of both.
   */
  rotateKey(suite: SuiteName = this.suite() ?? suiteNames[0]): {
    readonly from: number
    readonly to: number
  } {
    const before = readFileSync(this.#keyFile, 'utf8')
    const to = nextKeyId(before)
    this.#writeKey(to, suite)
    return { from: Number.parseInt(before, 10), to }
  }

  /** The cluster key's id, and for how many milliseconds it has been there, by a clock that nobody can set. */
  key(): { readonly id: number; readonly age: number } {
    const id = Number.parseInt(readFileSync(this.#keyFile, 'utf8'), 10)
    const { since } = JSON.parse(readFileSync(this.#keySinceFile, 'utf8'))
    return { id, age: sinceBoot() - since }
  }

  configure(settings: EncryptionSettings): void {
    writeJson(this.#configFile, {
      ...settings,
      routing: this.routing(),
      clusterCidrs: podRangesOf(this.families()),
    })
  }

  settings(): EncryptionSettings {
    const { encryptL3, strict } = this.#config()
    return { encryptL3, strict }
  }

  routing(): Routing {
    return existsSync(this.#configFile) ? (this.#config().routing ?? routings[0]) : routings[0]
  }

  putRouting(routing: Routing): void {
    writeJson(this.#configFile, { ...this.#config(), routing })
  }

  get #configFile(): string {
    return join(this.directory, 'config.json')
  }

  #config(): EncryptionSettings & { readonly routing?: Routing } {
    return JSON.parse(readFileSync(this.#configFile, 'utf8'))
  }

  /** Of the pods' addresses. */
  families(): readonly IpFamily[] {
    const file = join(this.directory, 'families.json')
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [ipFamilies[0]]
  }

  putFamilies(families: readonly IpFamily[]): void {
    writeJson(join(this.directory, 'families.json'), families)
  }

  wire(): WireSpec {
    const file = join(this.directory, 'wire.json')
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  }

  putWire(wire: WireSpec): void {
    writeJson(join(this.directory, 'wire.json'), wire)
  }

  nodes(): LabNode[] {
    return this.#all<LabNode>('nodes').sort((a, b) => a.id - b.id)
  }

  pods(): LabPod[] {
    return this.#all<LabPod>('pods').sort((a, b) => a.name.localeCompare(b.name))
  }

  services(): ServiceSpec[] {
    return this.#all<ServiceSpec>('services')
  }

  putNode(node: LabNode): void {
    this.#put('nodes', node)
  }

  putPod(pod: LabPod): void {
    this.#put('pods', pod)
  }

  putService(service: ServiceSpec): void {
    this.#put('services', service)
  }

  policies(file: PolicyFile): string {
    const path = join(this.directory, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  putPolicies(file: PolicyFile, documents: string): void {
    mkdirSync(join(this.directory, dirname(file)), { recursive: true })
    write(join(this.directory, file), documents)
  }

  remove(kind: 'nodes' | 'pods' | 'services', name: string): void {
    rmSync(join(this.directory, kind, `${name}.json`), { force: true })
    // A node that comes back is another one: what its agent said of itself goes with it.
    const said = kind === 'nodes' ? ['incarnations', 'acks', 'journal'] : []
    for (const directory of said) rmSync(join(this.directory, directory, `${name}.json`), { force: true })
  }

  #put<Kind extends { readonly name: string }>(kind: 'nodes' | 'pods' | 'services', object: Kind): void {
    writeJson(join(this.directory, kind, `${object.name}.json`), object)
  }

  /** Its age first: where the writer dies in between, the key there is seems younger, and is replaced all the same. */
  #writeKey(id: number, suite: SuiteName): void {
    writeJson(this.#keySinceFile, { since: sinceBoot() })
    write(this.#keyFile, newClusterKey(id, suite))
  }

  get #keySinceFile(): string {
    return join(this.directory, 'key-since.json')
  }

  get #keyFile(): string {
    return join(this.directory, 'key')
  }

  #all<Kind>(kind: string): Kind[] {
    const directory = join(this.directory, kind)
    const files = existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith('.json')) : []
    return files.map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Kind)
  }
}

function writeJson(path: string, value: unknown): void {
  write(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** A reader sees the old content or the new one, never half: rename(2) is atomic. */
function write(path: string, text: string): void {
  const draft = join(dirname(path), `.${process.pid}.draft`)
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, path)
}
