import type { Frame } from '../frame/frame.ts'

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

interface Segment {
  readonly at: number
  readonly data: Buffer
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
  readonly segments: Segment[]
}

/**
 * Puts the segments of TCP connections back together, so that what was sent can be searched across their borders. It
 * keeps a copy of all payload it was given: at most `limit` bytes, after which `add` takes no more and says so.
 */
export class StreamAssembler {
  readonly #limit: number
  readonly #current = new Map<string, Direction>()
  readonly #all: Direction[] = []
  #held = 0

  /** @param options.limit in bytes; 1 GiB by default. */
  constructor(options: { limit?: number } = {}) {
    this.#limit = options.limit ?? 2 ** 30
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
        segments: [],
      }
      this.#current.set(key, direction)
      this.#all.push(direction)
    }
    if (payload.length === 0) return true
    direction.position += (sequence - direction.sequence) | 0
    direction.sequence = sequence
    direction.segments.push({ at: direction.position, data: Buffer.from(payload) })
    this.#held += payload.length
    return true
  }

  /** Each direction of each connection, in pieces where bytes are missing. Of bytes seen twice the first stay. */
  *streams(): Generator<Stream> {
    for (const { source, sourcePort, destination, destinationPort, time, segments } of this.#all) {
      const sorted = [...segments].sort((a, b) => a.at - b.at)
      const origin = sorted[0]?.at ?? 0
      for (const { at, bytes } of runs(sorted))
        yield { source, sourcePort, destination, destinationPort, time, offset: at - origin, bytes }
    }
  }
}

function* runs(sorted: readonly Segment[]): Generator<{ at: number; bytes: Buffer }> {
  let parts: Buffer[] = []
  let start = 0
  let end = 0
  for (const { at, data } of sorted) {
    if (parts.length > 0 && at > end) {
      yield { at: start, bytes: Buffer.concat(parts) }
      parts = []
    }
    if (parts.length === 0) {
      start = at
      end = at
    }
    if (at + data.length <= end) continue
    parts.push(data.subarray(end - at))
    end = at + data.length
  }
  if (parts.length > 0) yield { at: start, bytes: Buffer.concat(parts) }
}
