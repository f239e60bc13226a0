import { BpfError, checkBpf } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import type { Lifetime } from './lifetime.ts'
import { patiently } from './patience.ts'

const ENOENT = 2
const ENOSPC = 28
// BPF_MAP_TYPE_PERCPU_HASH, _PERCPU_ARRAY, _LRU_PERCPU_HASH.
const PER_CPU_TYPES = new Set([5, 6, 10])
// BPF_MAP_TYPE_ARRAY, _PERCPU_ARRAY: their entries are always there.
const ARRAY_TYPES = new Set([2, 6])
const BATCH = 1024

/** Flags of an update, as in BPF_MAP_UPDATE_ELEM. */
export const update = { any: 0n, noExist: 1n, exist: 2n } as const

/** A map in the kernel. Keys and values are bytes as the program sees them: native byte order, padding zeroed. */
export class BpfMap {
  readonly name: string
  readonly type: number
  readonly keySize: number
  /** Of one value; per-CPU maps hold one for each possible CPU. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly #fd: number
  readonly #handle: unknown
  readonly #lifetime: Lifetime
  readonly #perCpu: boolean

  constructor(name: string, handle: unknown, lifetime: Lifetime) {
    this.name = name
    this.#handle = handle
    this.#lifetime = lifetime
    this.#fd = checkBpf('bpf_map__fd', libbpf.bpf_map__fd(handle), name)
    this.type = libbpf.bpf_map__type(handle)
    this.keySize = libbpf.bpf_map__key_size(handle)
    this.valueSize = libbpf.bpf_map__value_size(handle)
    this.maxEntries = libbpf.bpf_map__max_entries(handle)
    this.#perCpu = PER_CPU_TYPES.has(this.type)
  }

  get fd(): number {
    this.#lifetime.assert(`map ${this.name}`)
    return this.#fd
  }

  get(key: Buffer): Buffer | undefined {
    this.#assertPlain()
    return this.#lookup(key, this.valueSize)
  }

  /** The value of each possible CPU, in order. */
  getPerCpu(key: Buffer): Buffer[] | undefined {
    this.#assertPerCpu()
    const values = this.#lookup(key, this.#storedSize())
    return values && this.#split(values)
  }

  set(key: Buffer, value: Buffer, flags: bigint = update.any): void {
    this.#assertPlain()
    this.#assertSize('key', key, this.keySize)
    this.#assertSize('value', value, this.valueSize)
    checkBpf(
      'bpf_map_update_elem',
      patiently(() => libbpf.bpf_map_update_elem(this.fd, key, value, flags)),
      `map ${this.name}`,
    )
  }

  /** Writes many entries in one system call. When one fails, those before it stay written. */
  setMany(keys: readonly Buffer[], values: readonly Buffer[]): void {
    this.#assertPlain()
    if (keys.length !== values.length) throw new RangeError(`${keys.length} keys for ${values.length} values`)
    if (keys.length === 0) return
    for (const key of keys) this.#assertSize('key', key, this.keySize)
    for (const value of values) this.#assertSize('value', value, this.valueSize)
    const allKeys = Buffer.concat(keys)
    const allValues = Buffer.concat(values)
    const count = uint32(0)
    let written = 0
    const result = patiently(
      () => {
        count.writeUInt32LE(keys.length - written)
        return libbpf.bpf_map_update_batch(
          this.fd,
          allKeys.subarray(written * this.keySize),
          allValues.subarray(written * this.valueSize),
          count,
          null,
        )
      },
      () => {
        written += count.readUInt32LE()
        return count.readUInt32LE() > 0
      },
    )
    if (result < 0) {
      const on = `map ${this.name}, entry ${written + count.readUInt32LE()} of ${keys.length}`
      throw new BpfError('bpf_map_update_batch', -result, { on })
    }
  }

  /** Returns whether there was such an entry. */
  delete(key: Buffer): boolean {
    this.#assertSize('key', key, this.keySize)
    const result = libbpf.bpf_map_delete_elem(this.fd, key)
    if (result === -ENOENT) return false
    checkBpf('bpf_map_delete_elem', result, `map ${this.name}`)
    return true
  }

  /** Deletes every entry, or zeroes them where they are always there. Entries that are added meanwhile may stay. */
  clear(): void {
    const zero = Buffer.alloc(this.#storedSize())
    for (const [key] of this.#batches())
      if (!ARRAY_TYPES.has(this.type)) this.delete(key)
      else
        checkBpf(
          'bpf_map_update_elem',
          libbpf.bpf_map_update_elem(this.fd, key, zero, update.any),
          `map ${this.name}`,
        )
  }

  /** A snapshot; entries that change while it is taken may be in it or not. */
  entries(): IterableIterator<[key: Buffer, value: Buffer]> {
    this.#assertPlain()
    return this.#batches().values()
  }

  /** As `entries()`, with the value of each possible CPU. */
  *entriesPerCpu(): IterableIterator<[key: Buffer, values: Buffer[]]> {
    this.#assertPerCpu()
    for (const [key, values] of this.#batches()) yield [key, this.#split(values)]
  }

  /** Gives the map a name in a BPF file system, under which it outlives this process. */
  pin(path: string): void {
    this.#lifetime.assert(`map ${this.name}`)
    checkBpf('bpf_map__pin', libbpf.bpf_map__pin(this.#handle, path), `map ${this.name} at ${path}`)
  }

  #batches(): [Buffer, Buffer][] {
    const found: [Buffer, Buffer][] = []
    const stored = this.#storedSize()
    // The kernel's place in the map: a bucket's number for hashes, a key for the rest.
    let position: Buffer | null = null
    let size = Math.min(BATCH, this.maxEntries)
    for (;;) {
      const next: Buffer = Buffer.alloc(Math.max(4, this.keySize))
      const keys = Buffer.alloc(size * this.keySize)
      const values = Buffer.alloc(size * stored)
      const count = uint32(size)
      const result = libbpf.bpf_map_lookup_batch(this.fd, position, next, keys, values, count, null)
      if (result === -ENOSPC && size < this.maxEntries) {
        // One bucket of a hash holds more than fits, and is given whole or not at all.
        size = Math.min(size * 2, this.maxEntries)
        continue
      }
      if (result < 0 && result !== -ENOENT) {
        throw new BpfError('bpf_map_lookup_batch', -result, { on: `map ${this.name}` })
      }
      for (let i = 0; i < count.readUInt32LE(); i++) {
        found.push([
          keys.subarray(i * this.keySize, (i + 1) * this.keySize),
          values.subarray(i * stored, (i + 1) * stored),
        ])
      }
      if (result === -ENOENT) return found
      position = next
    }
  }

  #lookup(key: Buffer, size: number): Buffer | undefined {
    this.#assertSize('key', key, this.keySize)
    const value = Buffer.alloc(size)
    const result = libbpf.bpf_map_lookup_elem(this.fd, key, value)
    if (result === -ENOENT) return undefined
    checkBpf('bpf_map_lookup_elem', result, `map ${this.name}`)
    return value
  }

  /** What the kernel writes for one entry: per-CPU values are each padded to eight bytes. */
  #storedSize(): number {
    return this.#perCpu ? stride(this.valueSize) * possibleCpus() : this.valueSize
  }

  #split(values: Buffer): Buffer[] {
    const step = stride(this.valueSize)
    return Array.from({ length: values.length / step }, (_, cpu) =>
      values.subarray(cpu * step, cpu * step + this.valueSize),
    )
  }

  #assertSize(what: string, bytes: Buffer, size: number): void {
    if (bytes.length !== size) {
      throw new RangeError(`map ${this.name} has ${what}s of ${size} bytes; this ${what} has ${bytes.length}`)
    }
  }

  #assertPlain(): void {
    if (this.#perCpu) throw new TypeError(`map ${this.name} holds a value per CPU: read it with getPerCpu()`)
  }

  #assertPerCpu(): void {
    if (!this.#perCpu) throw new TypeError(`map ${this.name} does not hold a value per CPU`)
  }
}

function stride(valueSize: number): number {
  return Math.ceil(valueSize / 8) * 8
}

let cpus: number | undefined

/** CPUs the kernel may ever bring online: as many values per-CPU maps hold. */
export function possibleCpus(): number {
  cpus ??= checkBpf('libbpf_num_possible_cpus', libbpf.libbpf_num_possible_cpus())
  return cpus
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
