import { readFileSync } from 'node:fs'
import { adoptMap } from './adopt.ts'
import { BpfError, checkBpf, checkPointer } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import { Lifetime } from './lifetime.ts'
import { BpfMap } from './map.ts'
import { Program } from './program.ts'
import { sizedStruct, writePointer } from './struct.ts'

const LOG_SIZE = 1 << 20
const LOG_LINES_KEPT = 30

// struct bpf_object_open_opts of libbpf 1.1; later versions append to it.
const OPEN_OPTIONS = { size: 80, objectName: 8, kernelLogBuffer: 56, kernelLogSize: 64 } as const

export interface OpenOptions {
  /** Replaces the object's `.rodata` before loading; of its exact size. */
  readonly rodata?: Buffer
  /** Maximum entries of maps, by name, where they differ from the object's. */
  readonly mapSizes?: Readonly<Record<string, number>>
  /**
   * Maps that are to be those of a program that is in the kernel already, with what is in them: where it has one of the
   * same name, type and sizes. Those that it has not, or not so, begin empty.
   */
  readonly adopt?: { readonly maps: readonly string[]; readonly programId: number }
}

/** An object that is parsed and can still be changed; nothing of it is in the kernel yet. */
export class OpenObject {
  readonly #name: string
  readonly #log = Buffer.alloc(LOG_SIZE)
  #handle: unknown

  constructor(name: string, bytes: Buffer, options: OpenOptions) {
    this.#name = name
    const nameBytes = Buffer.from(`${name.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 14)}\0`)
    const open = sizedStruct(OPEN_OPTIONS.size)
    writePointer(open, OPEN_OPTIONS.objectName, nameBytes)
    writePointer(open, OPEN_OPTIONS.kernelLogBuffer, this.#log)
    open.writeBigUInt64LE(BigInt(this.#log.length), OPEN_OPTIONS.kernelLogSize)
    this.#handle = checkPointer(
      'bpf_object__open_mem',
      libbpf.bpf_object__open_mem(bytes, bytes.length, open),
      name,
    )
    try {
      this.#configure(options)
    } catch (error) {
      this.close()
      throw error
    }
  }

  #configure({ rodata, mapSizes, adopt }: OpenOptions): void {
    for (const [map, entries] of Object.entries(mapSizes ?? {})) {
      checkBpf('bpf_map__set_max_entries', libbpf.bpf_map__set_max_entries(this.#map(map), entries), map)
    }
    for (const map of adopt?.maps ?? []) adoptMap(this.#map(map), map, adopt!.programId)
    if (rodata) {
      const map = this.#map('.rodata')
      checkBpf(
        'bpf_map__set_initial_value',
        libbpf.bpf_map__set_initial_value(map, rodata, rodata.length),
        '.rodata',
      )
    }
  }

  #map(name: string): unknown {
    return findMap(this.#handle, this.#name, name)
  }

  /** @throws BpfError with the verifier's log when it rejects a program. */
  load(): BpfObject {
    const handle = this.#handle
    if (!handle) throw new Error(`${this.#name} has been loaded or closed already`)
    const result = libbpf.bpf_object__load(handle)
    if (result < 0) {
      this.close()
      throw new BpfError('bpf_object__load', -result, { on: this.#name, log: lastLines(this.#log) })
    }
    this.#handle = undefined
    return new BpfObject(this.#name, handle, this.#log)
  }

  close(): void {
    if (this.#handle) libbpf.bpf_object__close(this.#handle)
    this.#handle = undefined
  }
}

/** An object whose maps and programs are in the kernel, for as long as it is open or something else holds them. */
export class BpfObject implements Disposable {
  readonly name: string
  readonly #handle: unknown
  readonly #lifetime = new Lifetime()
  // libbpf keeps the pointer to the log it was opened with.
  readonly #log: Buffer

  constructor(name: string, handle: unknown, log: Buffer) {
    this.name = name
    this.#handle = handle
    this.#log = log
  }

  /** @throws BpfError ENOENT when the object has no such program. */
  program(name: string): Program {
    this.#lifetime.assert(name)
    const handle = libbpf.bpf_object__find_program_by_name(this.#handle, name)
    if (!handle) throw new BpfError('bpf_object__find_program_by_name', 2, { on: `${name} in ${this.name}` })
    return new Program(
      name,
      checkBpf('bpf_program__fd', libbpf.bpf_program__fd(handle), name),
      this.#lifetime,
    )
  }

  /** @throws BpfError ENOENT when the object has no such map. */
  map(name: string): BpfMap {
    this.#lifetime.assert(name)
    return new BpfMap(name, findMap(this.#handle, this.name, name), this.#lifetime)
  }

  /** All of them, also those that clang made for variables. */
  maps(): BpfMap[] {
    this.#lifetime.assert(`maps of ${this.name}`)
    const found: BpfMap[] = []
    for (let handle: unknown = null; ; ) {
      handle = libbpf.bpf_object__next_map(this.#handle, handle)
      if (!handle) return found
      found.push(new BpfMap(libbpf.bpf_map__name(handle), handle, this.#lifetime))
    }
  }

  /** Programs that are attached and maps that are pinned or used by them stay in the kernel. */
  close(): void {
    if (!this.#lifetime.open) return
    this.#lifetime.end()
    libbpf.bpf_object__close(this.#handle)
    this.#log.fill(0)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function findMap(handle: unknown, object: string, name: string): unknown {
  const map = libbpf.bpf_object__find_map_by_name(handle, name)
  if (!map) throw new BpfError('bpf_object__find_map_by_name', 2, { on: `${name} in ${object}` })
  return map
}

function lastLines(log: Buffer): string {
  const end = log.indexOf(0)
  const lines = log.toString('utf8', 0, end < 0 ? log.length : end).trimEnd()
  return lines.split('\n').slice(-LOG_LINES_KEPT).join('\n')
}

/**
 * Parses a BPF object file that clang made, maps and all.
 *
 * @throws BpfError when it is no such file, or has not the maps `options` name.
 */
export function openObject(source: string | Buffer, options: OpenOptions = {}): OpenObject {
  if (typeof source !== 'string') return new OpenObject('object', source, options)
  return new OpenObject(source.split('/').at(-1)!.replace(/\.o$/, ''), readFileSync(source), options)
}
