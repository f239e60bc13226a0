import type { Problem } from '../problem.ts'
import type { CaptureInterface, Clock } from './packet.ts'

/** An interface of a capture, with what is needed to make packets of its records. */
export interface InterfaceEntry {
  readonly shown: CaptureInterface
  /** Undefined where timestamps are seconds and nanoseconds already, as pcap's are. */
  readonly clock: Clock | undefined
  /** Most bytes kept of a packet; 0 for all of them. */
  readonly snapLength: number
}

/** What a parser gives its records to. Plain numbers, so that one who only counts makes no object for a packet. */
export interface RecordSink {
  /**
   * One packet: the bytes of `window` from `start` to `end`.
   *
   * @param length of the packet on the wire, in bytes.
   * @param high,low the timestamp, see {@link Packet}.
   * @param options where the options of the packet's block are, in `window`; none where both are equal.
   */
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
  ): void
}

/** What a capture says of an interface in the middle or at the end of it (pcapng's interface statistics block). */
export interface InterfaceStatistics {
  readonly interface: CaptureInterface
  /** When they were taken, in nanoseconds since the epoch. */
  readonly time: bigint
  /** Packets the interface received, those that the filter accepted, those that were dropped; as far as they are given. */
  readonly received?: bigint
  readonly accepted?: bigint
  readonly droppedByInterface?: bigint
  readonly droppedBySystem?: bigint
}

/** A name for an address (pcapng's name resolution block). */
export interface ResolvedName {
  readonly address: string
  readonly names: readonly string[]
}

/** What a parser tells its reader, besides packets. */
export interface Report {
  problem(problem: Problem): void
  secrets(type: number, data: Buffer): void
  statistics(statistics: InterfaceStatistics): void
  name(name: ResolvedName): void
  /** Told of each part of the file that what follows cannot be understood without: file header, sections, interfaces. */
  context(offset: number, length: number): void
}

/** Parser of one capture format, fed with a window that moves over the file. */
export interface Format {
  /**
   * Takes as many whole records as lie in `window` from `from` to `to`, and gives their packets to the sink.
   *
   * @param base where `window[from]` is in the file.
   * @returns bytes taken; -1 when the file cannot be read any further (a problem was reported).
   */
  parse(window: Buffer, from: number, to: number, base: number, sink: RecordSink): number
  /** Bytes that must be there for the next record; 0 when its length is not known yet. */
  readonly wanted: number
}

/** Longer records are a sign of a broken length field, not of a packet: libpcap draws the same line. */
export const LONGEST_RECORD = 256 * 1024 * 1024
