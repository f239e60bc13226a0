import type { Problem } from '../problem.ts'
import type { Packet } from './packet.ts'

/** What a parser tells its reader, besides packets. */
export interface Report {
  problem(problem: Problem): void
  secrets(type: number, data: Buffer): void
}

/** Parser of one capture format, fed with a window that moves over the file. */
export interface Format {
  /**
   * Takes as many whole records as `window` holds and appends their packets, whose data are parts of `window`.
   *
   * @param base where `window` starts in the file.
   * @returns bytes taken; -1 when the file cannot be read any further (a problem was reported).
   */
  parse(window: Buffer, base: number, packets: Packet[]): number
  /** Bytes the window must hold for the next record; 0 when its length is not known yet. */
  readonly wanted: number
}

/** Longer records are a sign of a broken length field, not of a packet: libpcap draws the same line. */
export const LONGEST_RECORD = 256 * 1024 * 1024
