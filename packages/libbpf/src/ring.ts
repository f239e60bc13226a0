import { libc, Mapping, watchReadable } from '@wireproof/ffi'
import type { BpfMap } from './map.ts'

const SC_PAGESIZE = 30
// include/uapi/linux/bpf.h: BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ.
const BUSY = 0x80000000
const DISCARDED = 0x40000000
const LENGTH = 0x3fffffff
const HEADER = 8
// Other work gets its turn after so many; what is left wakes the loop again.
const EVENTS_PER_WAKE = 4096

export interface Ring extends Disposable {
  /** Delivers what is in the ring now, without waiting for the event loop. Returns how many events that was. */
  consume(): number
  close(): void
}

/**
 * Delivers the events of a BPF ring buffer, read where the kernel wrote them.
 *
 * @param onEvent gets a view that is valid during the call only: copy what must last.
 * @param onError gets what `onEvent` throws; the ring goes on with the next event.
 */
export function openRing(
  map: BpfMap,
  onEvent: (event: Buffer) => void,
  onError: (error: Error) => void,
): Ring {
  const reader = new RingReader(map, onEvent, onError)
  const readable = watchReadable(map.fd, () => reader.consume(EVENTS_PER_WAKE), onError)
  const close = () => {
    readable.close()
    reader.close()
  }
  return { consume: () => reader.consume(Number.POSITIVE_INFINITY), close, [Symbol.dispose]: close }
}

/**
 * One page with the consumer's position, ours to write; one with the producer's; and the data, mapped twice in a row so
 * that an event which wraps around is contiguous (kernel/bpf/ringbuf.c).
 */
class RingReader {
  readonly #consumerPage: Mapping
  readonly #producer: Mapping
  readonly #pageSize = Number(libc.sysconf(SC_PAGESIZE))
  readonly #size: number
  readonly #onEvent: (event: Buffer) => void
  readonly #onError: (error: Error) => void
  #closed = false

  constructor(map: BpfMap, onEvent: (event: Buffer) => void, onError: (error: Error) => void) {
    this.#size = map.maxEntries
    this.#onEvent = onEvent
    this.#onError = onError
    this.#consumerPage = new Mapping(map.fd, 0, this.#pageSize, { writable: true })
    this.#producer = new Mapping(map.fd, this.#pageSize, this.#pageSize + 2 * this.#size)
  }

  consume(most: number): number {
    if (this.#closed) return 0
    const consumed = new BigUint64Array(this.#consumerPage.bytes, 0, 1)
    const produced = new BigUint64Array(this.#producer.bytes, 0, 1)
    const headers = new Int32Array(this.#producer.bytes)
    const bytes = Buffer.from(this.#producer.bytes)
    let position = Atomics.load(consumed, 0)
    let events = 0
    while (events < most && position < Atomics.load(produced, 0)) {
      const offset = this.#pageSize + Number(position & BigInt(this.#size - 1))
      const header = Atomics.load(headers, offset / 4)
      if (header & BUSY) break
      const length = header & LENGTH
      if (!(header & DISCARDED)) {
        events++
        this.#deliver(bytes.subarray(offset + HEADER, offset + HEADER + length))
        // The receiver may have closed the ring, and with it the memory.
        if (this.#closed) return events
      }
      position += BigInt((length + HEADER + 7) & ~7)
      Atomics.store(consumed, 0, position)
    }
    return events
  }

  #deliver(event: Buffer): void {
    try {
      this.#onEvent(event)
    } catch (error) {
      this.#onError(error as Error)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#consumerPage.close()
    this.#producer.close()
  }
}
