import type { InterfaceEntry, RecordSink } from './format.ts'
import { Option } from './pcapng-blocks.ts'
import { readOptions, textOf } from './pcapng-options.ts'

/** The interface that a packet was captured at, as far as the capture describes it: pcap tells its link type only. */
export interface CaptureInterface {
  readonly name?: string
  readonly description?: string
  /** By number: see `LinkType`. */
  readonly linkType: number
}

/** How the timestamps of an interface count: `value / unitsPerSecond + offset` seconds since the epoch. */
export interface Clock {
  readonly unitsPerSecond: bigint
  readonly offset: bigint
}

const NANOSECONDS = 1_000_000_000n
const NO_COMMENTS: readonly string[] = Object.freeze([])

/** Nanoseconds since the epoch of a 64-bit count in two halves; without a clock they are seconds and nanoseconds. */
export function timeOf(clock: Clock | undefined, high: number, low: number): bigint {
  if (!clock) return BigInt(high) * NANOSECONDS + BigInt(low)
  const count = (BigInt(high) << 32n) | BigInt(low)
  return (count * NANOSECONDS) / clock.unitsPerSecond + clock.offset * NANOSECONDS
}

/** One captured packet. Time and comments are decoded when they are asked for. */
export class Packet {
  readonly interface: CaptureInterface
  /** The captured bytes: part of a larger block, to be copied by those who keep a few of very many. */
  readonly data: Buffer
  /** In bytes, on the wire; more than `data.length` when the capture cut the packet. */
  readonly length: number
  readonly #clock: Clock | undefined
  readonly #high: number
  readonly #low: number
  readonly #options: Buffer | undefined
  readonly #littleEndian: boolean

  /** @param options as they stand in a pcapng block, in the byte order of its section. */
  constructor(
    { shown, clock }: InterfaceEntry,
    data: Buffer,
    length: number,
    high: number,
    low: number,
    options: Buffer | undefined,
    littleEndian: boolean,
  ) {
    this.interface = shown
    this.data = data
    this.length = length
    this.#clock = clock
    this.#high = high
    this.#low = low
    this.#options = options
    this.#littleEndian = littleEndian
  }

  /** When it was captured, in nanoseconds since the epoch. */
  get time(): bigint {
    return timeOf(this.#clock, this.#high, this.#low)
  }

  /** What was noted of it; only pcapng can. */
  get comments(): readonly string[] {
    if (!this.#options) return NO_COMMENTS
    return readOptions(this.#options, this.#littleEndian)
      .filter(({ code }) => code === Option.comment)
      .map(({ value }) => textOf(value))
  }
}

/** Makes an object of each packet. */
export class PacketCollector implements RecordSink {
  packets: Packet[] = []

  packet(
    from: InterfaceEntry,
    window: Buffer,
    start: number,
    end: number,
    length: number,
    high: number,
    low: number,
    optionsStart: number,
    optionsEnd: number,
    littleEndian: boolean,
  ): void {
    const options = optionsStart < optionsEnd ? window.subarray(optionsStart, optionsEnd) : undefined
    this.packets.push(new Packet(from, window.subarray(start, end), length, high, low, options, littleEndian))
  }
}
