import type { Frame } from '../frame/frame.ts'
import { Pieces } from '../pieces.ts'

/** Bytes of one direction of a TCP connection that follow one another without a gap. */
export interface Stream {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** Of the first byte, from the first one seen of this direction; more than 0 after bytes that were not captured. */
  readonly offset: number
  /** When the first segment of this direction was captured, in nanoseconds since the epoch. */
  readonly time: bigint
  readonly bytes: Buffer
}

/** What is to be known of one direction of a connection besides its bytes. */
export interface StreamSummary
  extends Pick<Stream, 'source' | 'sourcePort' | 'destination' | 'destinationPort' | 'time'> {
  readonly segments: number
  /** Bytes of payload held. */
  readonly bytes: number
  /** Bytes that came more than once: retransmitted, or captured twice. */
  readonly repeated: number
  /** Segments that came after one with later bytes. */
  readonly reordered: number
  /** Segments that disagree with what had come before where they overlap it: what the receiver read is then unknown. */
  readonly disagreeing: number
}

interface Direction {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly time: bigint
  readonly initial: number
  /** Sequence number and position last seen: positions go on where sequence numbers wrap. */
  sequence: number
  position: number
  readonly pieces: Pieces
  segments: number
  repeated: number
  reordered: number
  disagreeing: number
}

const DEFAULT_LIMIT = 2 ** 30

/**
 * Puts the segments of TCP connections back together (RFC 9293 section 3.10), so that what was sent can be searched across
 * their borders. It keeps a copy of all payload it was given: at most `limit` bytes, after which `add` takes no more and
 * says so.
 */
export class StreamAssembler {
  readonly #limit: number
  readonly #current = new Map<string, Direction>()
  readonly #all: Direction[] = []
  #held = 0

  /** @param options.limit in bytes; 1 GiB by default. */
  constructor(options: { limit?: number } = {}) {
    this.#limit = options.limit ?? DEFAULT_LIMIT
  }

  /** @returns false when the payload was not taken because the limit is reached. Frames without TCP are passed over. */
  add(frame: Frame, time: bigint): boolean {
    const { tcp, source, destination } = frame
    if (!tcp || source === undefined || destination === undefined) return true
    const { payload } = frame
    const { syn } = tcp.flags
    if (payload.length === 0 && !syn) return true
    if (this.#held + payload.length > this.#limit) return false
    const key = `${source} ${tcp.sourcePort} ${destination} ${tcp.destinationPort}`
    // The SYN takes a sequence number of its own.
    const sequence = (tcp.sequence + (syn ? 1 : 0)) >>> 0
    let direction = this.#current.get(key)
    if (!direction || (syn && direction.initial !== sequence)) {
      direction = {
        source,
        sourcePort: tcp.sourcePort,
        destination,
        destinationPort: tcp.destinationPort,
        time,
        initial: sequence,
        sequence,
        position: 0,
        pieces: new Pieces(),
        segments: 0,
        repeated: 0,
        reordered: 0,
        disagreeing: 0,
      }
      this.#current.set(key, direction)
      this.#all.push(direction)
    }
    if (payload.length > 0) this.#take(direction, sequence, payload)
    return true
  }

  /** Each direction of each connection, in pieces where bytes are missing. Of bytes seen twice the first stay. */
  *streams(): Generator<Stream> {
    for (const { pieces, source, sourcePort, destination, destinationPort, time } of this.#all) {
      let origin: number | undefined
      for (const { offset, bytes } of pieces.runs()) {
        origin ??= offset
        yield { source, sourcePort, destination, destinationPort, time, offset: offset - origin, bytes }
      }
    }
  }

  /** Each direction of each connection, without its bytes. */
  summaries(): StreamSummary[] {
    return this.#all.map(({ pieces, initial: _, sequence: __, position: ___, ...rest }) => ({
      ...rest,
      bytes: pieces.size,
    }))
  }

  #take(direction: Direction, sequence: number, payload: Buffer): void {
    direction.position += (sequence - direction.sequence) | 0
    direction.sequence = sequence
    const { pieces, position } = direction
    const before = pieces.size
    direction.segments++
    const isLate = position + payload.length <= pieces.end
    const { repeated, disagreement } = pieces.add(position, payload)
    this.#held += pieces.size - before
    direction.repeated += repeated
    if (isLate && repeated < payload.length) direction.reordered++
    if (disagreement !== undefined) direction.disagreeing++
  }
}
