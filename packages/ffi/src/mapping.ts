import koffi from 'koffi'
import { libc } from './libc.ts'
import { SystemError } from './system-error.ts'

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_FAILED = 0xffffffffffffffffn

/**
 * Memory shared with the kernel, such as a ring buffer. `bytes` reads and, where it is writable, writes it in place:
 * writing to what was mapped read-only ends the process. After `close()` views of it are empty.
 */
export class Mapping implements Disposable {
  #address: bigint | undefined
  #bytes: ArrayBuffer
  readonly length: number

  /** @param offset,length in bytes; offset must be a multiple of the page size. */
  constructor(fd: number, offset: number, length: number, options: { writable?: boolean } = {}) {
    const pointer = libc.mmap(
      null,
      length,
      PROT_READ | (options.writable ? PROT_WRITE : 0),
      MAP_SHARED,
      fd,
      offset,
    )
    const address = BigInt(koffi.address(pointer))
    if (address === MAP_FAILED) throw new SystemError('mmap', koffi.errno())
    this.#address = address
    this.length = length
    this.#bytes = koffi.view(pointer, length)
  }

  get bytes(): ArrayBuffer {
    if (this.#address === undefined) throw new Error('this mapping is closed')
    return this.#bytes
  }

  close(): void {
    if (this.#address === undefined) return
    // Detached first, so that a view which somebody kept is empty instead of pointing to where nothing is mapped.
    this.#bytes.transfer()
    libc.munmap(this.#address, this.length)
    this.#address = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
