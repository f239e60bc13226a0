import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EncryptionSettings, LabNode, LabPod } from '../lab.ts'
import type { ServiceSpec, WireSpec } from '../topology.ts'
import { clusterDirectory, runDirectory } from './layout.ts'

/** The one that Cilium's documentation begins with. */
const firstKeyId = 3
/** Of the four bits that an id has in an SPI; see agent/keys. */
const lastKeyId = 15

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

  /** Makes the store with a fresh cluster key and everything on, unless it is there; one that a demo had hidden is shown. */
  create(): void {
    this.show()
    mkdirSync(runDirectory(this.#lab), { recursive: true, mode: 0o700 })
    for (const kind of ['nodes', 'pods', 'services'])
      mkdirSync(join(this.directory, kind), { recursive: true })
    if (!existsSync(this.#keyFile)) this.#writeKey(firstKeyId)
    if (!existsSync(join(this.directory, 'config.json'))) this.configure({ encryptL3: true, strict: true })
  }

  get #keyFile(): string {
    return join(this.directory, 'key')
  }

  #writeKey(id: number): void {
    write(this.#keyFile, `${id}+ rfc4106(gcm(aes)) ${randomBytes(20).toString('hex')} 128\n`)
  }

  /** Puts a fresh key in the place of the old one. @returns the ids of both. */
  rotateKey(): { readonly from: number; readonly to: number } {
    const from = Number.parseInt(readFileSync(this.#keyFile, 'utf8'), 10)
    const to = from >= lastKeyId ? 1 : from + 1
    this.#writeKey(to)
    return { from, to }
  }

  configure(settings: EncryptionSettings): void {
    writeJson(join(this.directory, 'config.json'), settings)
  }

  settings(): EncryptionSettings {
    return JSON.parse(readFileSync(join(this.directory, 'config.json'), 'utf8'))
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

  put(kind: 'nodes' | 'pods' | 'services', object: { readonly name: string }): void {
    writeJson(join(this.directory, kind, `${object.name}.json`), object)
  }

  remove(kind: 'nodes' | 'pods' | 'services', name: string): void {
    rmSync(join(this.directory, kind, `${name}.json`), { force: true })
    // A node that comes back is another one: what its agent said of itself goes with it.
    const said = kind === 'nodes' ? ['incarnations', 'acks', 'journal'] : []
    for (const directory of said) rmSync(join(this.directory, directory, `${name}.json`), { force: true })
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
