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

/** Events as they lie in the ring, oldest first. Valid during the call that it is given to, and reused for the next. */
export interface RingBatch {
  readonly count: number
  /** The ring's memory. */
  readonly bytes: Buffer
  /** Where in `bytes` each event begins, and how long it is; of `count` events, whatever the arrays' own lengths. */
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
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
  const reader = new RingReader(map)
  const deliver = ({ count, bytes, offsets, lengths }: RingBatch) => {
    for (let i = 0; i < count; i++) {
      try {
        onEvent(bytes.subarray(offsets[i]!, offsets[i]! + lengths[i]!))
      } catch (error) {
        onError(error as Error)
      }
      // The receiver may have closed the ring, and with it the memory.
      if (reader.closed) return i + 1
    }
    return count
  }
  return watch(map, reader, deliver, onError)
}

/**
 * As {@link openRing}, for more events than can each be given a call and an object of their own: whole batches, up to 4096
 * events for one wake-up. The kernel gets their room back when `onBatch` returns; what it throws goes to `onError`, and
 * the batch is over.
 */
export function openRingInBatches(
  map: BpfMap,
  onBatch: (batch: RingBatch) => void,
  onError: (error: Error) => void,
): Ring {
  const deliver = (batch: RingBatch) => {
    const { count } = batch
    try {
      onBatch(batch)
    } catch (error) {
      onError(error as Error)
    }
    return count
  }
  return watch(map, new RingReader(map), deliver, onError)
}

/** @param deliver returns how many events of the batch it has delivered. */
function watch(
  map: BpfMap,
  reader: RingReader,
  deliver: (batch: RingBatch) => number,
  onError: (error: Error) => void,
): Ring {
  const readable = watchReadable(map.fd, () => reader.consume(deliver), onError)
  const close = () => {
    readable.close()
    reader.close()
  }
  const consume = () => {
    let events = 0
    for (let batch = -1; batch !== 0; events += batch) batch = reader.consume(deliver)
    return events
  }
  return { consume, close, [Symbol.dispose]: close }
}

/**
 * One page with the consumer's position, ours to write; one with the producer's; and the data, mapped twice in a row so
 * that an event which wraps around is contiguous (kernel/bpf/ringbuf.c).
 */
class RingReader {
  readonly #consumerPage: Mapping
  readonly #producer: Mapping
  readonly #data: number
  readonly #size: number
  readonly #consumed: BigUint64Array
  readonly #produced: BigUint64Array
  readonly #headers: Int32Array
  readonly #batch: { count: number; bytes: Buffer; offsets: Uint32Array; lengths: Uint32Array }
  #closed = false

  constructor(map: BpfMap) {
    const pageSize = Number(libc.sysconf(SC_PAGESIZE))
    this.#data = pageSize
    this.#size = map.maxEntries
    this.#consumerPage = new Mapping(map.fd, 0, pageSize, { writable: true })
    this.#producer = new Mapping(map.fd, pageSize, pageSize + 2 * this.#size)
    this.#consumed = new BigUint64Array(this.#consumerPage.bytes, 0, 1)
    this.#produced = new BigUint64Array(this.#producer.bytes, 0, 1)
    this.#headers = new Int32Array(this.#producer.bytes)
    this.#batch = {
      count: 0,
      bytes: Buffer.from(this.#producer.bytes),
      offsets: new Uint32Array(EVENTS_PER_WAKE),
      lengths: new Uint32Array(EVENTS_PER_WAKE),
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @returns how many events were delivered: none when the ring is empty, or the oldest is not written yet. */
  consume(deliver: (batch: RingBatch) => number): number {
    let delivered = 0
    // A batch of nothing but discarded events is no sign that the ring is empty.
    while (delivered === 0 && !this.#closed) {
      const position = Atomics.load(this.#consumed, 0)
      const length = this.#gather(position)
      if (length === 0) break
      if (this.#batch.count > 0) delivered = deliver(this.#batch)
      if (!this.#closed) Atomics.store(this.#consumed, 0, position + BigInt(length))
    }
    return delivered
  }

  /** Fills the batch with what is in the ring from `position` on. @returns how many bytes of the ring that is. */
  #gather(position: bigint): number {
    const { offsets, lengths } = this.#batch
    const start = Number(position & BigInt(this.#size - 1))
    const available = Number(Atomics.load(this.#produced, 0) - position)
    let [at, count] = [0, 0]
    while (at < available && count < EVENTS_PER_WAKE) {
      const offset = this.#data + ((start + at) & (this.#size - 1))
      const header = Atomics.load(this.#headers, offset >> 2)
      if (header & BUSY) break
      const length = header & LENGTH
      if (!(header & DISCARDED)) {
        offsets[count] = offset + HEADER
        lengths[count++] = length
      }
      at += (length + HEADER + 7) & ~7
    }
    this.#batch.count = count
    return at
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#consumerPage.close()
    this.#producer.close()
  }
}
