import type { BpfMap } from '@wireproof/libbpf'
import type { IpcacheEntry } from '../plan/ipcache.ts'
import { writeHostKey, writeIpcacheKey, writeIpcacheValue } from './datapath-layout.ts'
import { whileOutOfReserve } from './patience.ts'

/** A map of the datapath's, as far as it is needed here. */
export type Map = Pick<BpfMap, 'set' | 'setMany' | 'delete'>

/** So many are written at once: more are no faster. */
const batch = 1024
const smallest = 4096

/** For how many single addresses to make room, where there are so many pods now: each takes some 110 bytes of the kernel's memory. */
export function roomFor(pods: number): number {
  return Math.max(smallest, Math.ceil(pods * 1.5))
}

/**
 * What the datapath knows about addresses. Single ones are in a hash whose memory is there from the start; prefixes are in
 * a trie, and so are the single ones that the hash had no room for. The datapath looks into both, into the hash first.
 */
export class AddressMap {
  readonly #hosts: Map
  readonly #prefixes: Map
  /** Single addresses that are in the trie. */
  readonly #overflow = new Set<string>()

  constructor(hosts: Map, prefixes: Map) {
    this.#hosts = hosts
    this.#prefixes = prefixes
  }

  /** Adds, or changes what is there. */
  set(entries: Iterable<readonly [prefix: string, entry: IpcacheEntry]>): void {
    let hosts: (readonly [prefix: string, entry: IpcacheEntry])[] = []
    for (const each of entries) {
      const [prefix, entry] = each
      if (!isHost(prefix) || this.#overflow.has(prefix)) this.#setPrefix(prefix, entry)
      else if (hosts.push(each) === batch) {
        this.#setHosts(hosts)
        hosts = []
      }
    }
    this.#setHosts(hosts)
  }

  delete(prefixes: Iterable<string>): void {
    for (const prefix of prefixes)
      if (isHost(prefix) && !this.#overflow.delete(prefix)) this.#hosts.delete(writeHostKey(prefix))
      else this.#prefixes.delete(writeIpcacheKey(prefix))
  }

  #setHosts(entries: readonly (readonly [prefix: string, entry: IpcacheEntry])[]): void {
    try {
      this.#hosts.setMany(
        entries.map(([prefix]) => writeHostKey(prefix)),
        entries.map(([, entry]) => writeIpcacheValue(entry)),
      )
    } catch (error) {
      if (!isFull(error)) throw error
      // Which of them are there is not said, and to write one again changes nothing.
      for (const [prefix, entry] of entries) this.#setHost(prefix, entry)
    }
  }

  #setHost(prefix: string, entry: IpcacheEntry): void {
    try {
      this.#hosts.set(writeHostKey(prefix), writeIpcacheValue(entry))
    } catch (error) {
      if (!isFull(error)) throw error
      this.#setPrefix(prefix, entry)
      this.#overflow.add(prefix)
    }
  }

  #setPrefix(prefix: string, entry: IpcacheEntry): void {
    whileOutOfReserve(() => this.#prefixes.set(writeIpcacheKey(prefix), writeIpcacheValue(entry)))
  }
}

function isHost(prefix: string): boolean {
  return prefix.endsWith(prefix.includes(':') ? '/128' : '/32')
}

function isFull(error: unknown): boolean {
  return (error as { code?: string }).code === 'E2BIG'
}
