/** What is wrong with some bytes. Malformed input is data, not an exception. */
export interface Problem {
  readonly code: /** The bytes end before what they announce. */
    | 'truncated'
    /** A length field contradicts itself or its surroundings. */
    | 'bad-length'
    /** A version or type field holds a value the format does not have here. */
    | 'bad-value'
    /** A packet refers to an interface that was never described. */
    | 'no-interface'
    /** Compressed data cannot be undone any further. */
    | 'damaged'
    /** Two pieces of a packet or of a stream claim the same bytes, and do not agree on them. */
    | 'overlap'
  /** In bytes from the start of the file (of what it holds, when that is compressed), for a capture; from the start of the data, for a frame. */
  readonly offset: number
  readonly message: string
}

/** The file is no capture at all, so not one packet can be read from it. */
export class CaptureError extends Error {
  readonly code = 'ECAPTURE'
  /** In bytes from the start of the file. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'CaptureError'
    this.offset = offset
  }
}
