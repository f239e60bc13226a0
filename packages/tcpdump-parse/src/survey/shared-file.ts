import { closeSync, openSync, readSync } from 'node:fs'
import type { Format, InterfaceEntry, RecordSink } from '../capture/format.ts'
import { cutOff, recognise } from '../capture/read.ts'
import type { EspEngine } from '../esp/engine.ts'
import type { Problem } from '../problem.ts'
import {
  CONTEXTS,
  ENDED,
  FRONTIER,
  LOCK,
  MOST_CONTEXTS,
  PACKETS,
  type SharedState,
  SPANS,
  TooManyContexts,
  WORDS,
} from './shared-state.ts'

/** Where a window is put; see EspEngine. */
type Memory = Pick<EspEngine, 'borrow' | 'release'>

/** Small enough to stay in a processor's own cache while it is gone through. */
const WINDOW = 1 << 18
/** Smaller than any record. */
const SHORTEST_RECORD = 12
const USUAL_RECORDS = Math.ceil(WINDOW / SHORTEST_RECORD)
/** What tells which format a file has, in bytes. */
const MAGIC = 4
/** Longer than a thread takes to read a window from the slowest of disks, in milliseconds. */
const PATIENCE = 60_000

/**
 * One thread's hold on a capture file that several go through together. Each takes the next window of whole records, by
 * a lock that is held while they are read and told apart, which takes a tenth of what is then done with them. What a window
 * cannot be understood without, such as the description of an interface, another thread may have read: it is noted where
 * that is in the file, to be read again.
 */
export class SharedFile {
  readonly #path: string
  readonly #fd: number
  readonly #words: Int32Array
  readonly #numbers: Float64Array
  readonly #report: (problem: Problem) => void
  readonly #records = new Records()
  readonly #memory: Memory
  readonly #window: Buffer
  #format: Format | undefined
  /** Contexts that this thread has understood. */
  #contexts = 0

  constructor(path: string, state: SharedState, memory: Memory, report: (problem: Problem) => void) {
    this.#path = path
    this.#fd = openSync(path, 'r')
    this.#memory = memory
    this.#window = memory.borrow?.(WINDOW) ?? Buffer.allocUnsafeSlow(WINDOW)
    this.#words = new Int32Array(state, 0, WORDS)
    this.#numbers = new Float64Array(state, WORDS * 4)
    this.#report = report
  }

  close(): void {
    closeSync(this.#fd)
    this.#memory.release?.(this.#window)
  }

  /**
   * Takes the next window. @returns its records, which hold until the next one is taken; undefined at the end.
   *
   * @throws CaptureError when the file is no capture.
   */
  take(): Records | undefined {
    this.#lock()
    try {
      this.#records.clear(this.#numbers[PACKETS]!)
      if (this.#words[ENDED] !== 0 || !this.#fill()) return undefined
      this.#numbers[PACKETS] = this.#records.firstNumber + this.#records.count
      return this.#records
    } catch (error) {
      this.#words[ENDED] = 1
      throw error
    } finally {
      this.#unlock()
    }
  }

  /** Reads on from the frontier until there are records, or there is nothing more. */
  #fill(): boolean {
    this.#learn()
    let window = this.#window
    for (;;) {
      const base = this.#numbers[FRONTIER]!
      const length = readFully(this.#fd, window, base)
      const atEnd = length < window.length
      this.#format ??= this.#recognise(base === 0 ? window.subarray(0, length) : this.#read(0, MAGIC), atEnd)
      const taken = this.#format.parse(window, 0, length, base, this.#records)
      if (taken > 0) this.#numbers[FRONTIER] = base + taken
      if (taken < 0 || atEnd) this.#words[ENDED] = 1
      if (atEnd && taken >= 0 && taken < length)
        this.#report(cutOff(base + taken, length - taken, this.#format.wanted))
      this.#records.window = window
      if (this.#records.count > 0) return true
      if (this.#words[ENDED] !== 0) return false
      // A record that is longer than the window.
      if (taken === 0) window = Buffer.allocUnsafeSlow(this.#format.wanted)
    }
  }

  #recognise(head: Buffer, atEnd: boolean): Format {
    return recognise(head, atEnd, this.#path, {
      problem: this.#report,
      secrets: () => {},
      statistics: () => {},
      name: () => {},
      context: (offset, size) => this.#note(offset, size),
    })!
  }

  /** Reads what other threads have come upon that windows after it cannot be understood without. */
  #learn(): void {
    const known = this.#words[CONTEXTS]!
    if (this.#contexts === known) return
    this.#format ??= this.#recognise(this.#read(0, MAGIC), false)
    while (this.#contexts < known) {
      const span = SPANS + 2 * this.#contexts
      const [offset, size] = [this.#numbers[span]!, this.#numbers[span + 1]!]
      this.#format.parse(this.#read(offset, size), 0, size, offset, nobody)
    }
  }

  /** Told of each context that is parsed: of those that are known already when they are read again, too. */
  #note(offset: number, size: number): void {
    const known = this.#words[CONTEXTS]!
    if (this.#contexts < known) {
      this.#contexts++
      return
    }
    if (known === MOST_CONTEXTS)
      throw new TooManyContexts(`${this.#path} has more than ${MOST_CONTEXTS} sections and interfaces`)
    this.#numbers[SPANS + 2 * known] = offset
    this.#numbers[SPANS + 2 * known + 1] = size
    this.#words[CONTEXTS] = known + 1
    this.#contexts++
  }

  #read(offset: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(size)
    readFully(this.#fd, bytes, offset)
    return bytes
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0)
      if (Atomics.wait(this.#words, LOCK, 1, PATIENCE) === 'timed-out')
        throw new Error(`another thread that reads ${this.#path} does not go on`)
  }

  #unlock(): void {
    Atomics.store(this.#words, LOCK, 0)
    Atomics.notify(this.#words, LOCK, 1)
  }
}

/** As much as there is from `offset` on, up to the buffer's length. */
function readFully(fd: number, target: Buffer, offset: number): number {
  let length = 0
  while (length < target.length) {
    const read = readSync(fd, target, length, target.length - length, offset + length)
    if (read === 0) break
    length += read
  }
  return length
}

const nobody: RecordSink = { packet: () => {} }

/** The records of one window, by where they are in it. */
export class Records implements RecordSink {
  window: Buffer = Buffer.alloc(0)
  count = 0
  /** Packets of the capture before the first of these. */
  firstNumber = 0
  starts = new Int32Array(USUAL_RECORDS)
  ends = new Int32Array(USUAL_RECORDS)
  readonly interfaces: InterfaceEntry[] = []

  clear(firstNumber: number): void {
    this.count = 0
    this.firstNumber = firstNumber
  }

  packet(from: InterfaceEntry, _window: Buffer, start: number, end: number): void {
    if (this.count === this.starts.length) {
      // A window is larger where a record was.
      this.starts = doubled(this.starts)
      this.ends = doubled(this.ends)
    }
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.interfaces[this.count] = from
    this.count++
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
