import { decodeIp, type Frame } from '../frame/frame.ts'
import type { Problem } from '../problem.ts'
import { PartialPacket } from './partial-packet.ts'
import { wholeIpv4, wholeIpv6 } from './whole.ts'

const DEFAULT_LIMIT = 64 << 20
/** How long a host waits for the missing pieces (RFC 8200 section 4.5), in nanoseconds. */
const PATIENCE = 60_000_000_000n
/** What the length field of a packet can say (RFC 791 section 3.1, RFC 8200 section 3). */
const LARGEST = 0xffff

/** How much a {@link Defragmenter} may keep, and who is told of what is wrong. */
export interface DefragmenterOptions {
  /** Most bytes of memory for packets that are not whole yet; 64 MiB by default. The oldest go first. */
  limit?: number
  /**
   * Told of pieces that do not agree where they overlap (`overlap`; what came first is kept), of packets that cannot be
   * (`bad-length`), and of those given up because pieces of them are missing (`truncated`).
   */
  onProblem?: (problem: Problem) => void
}

/**
 * Puts IP packets together that were sent in fragments (RFC 791 section 3.2, RFC 8200 section 4.5), of both versions. It
 * keeps a copy of each piece until its packet is whole, or a minute of the capture's time has passed.
 */
export class Defragmenter {
  readonly #limit: number
  readonly #report: (problem: Problem) => void
  readonly #partial = new Map<string, PartialPacket>()
  #held = 0

  constructor(options: DefragmenterOptions = {}) {
    this.#limit = options.limit ?? DEFAULT_LIMIT
    this.#report = options.onProblem ?? (() => {})
  }

  /** How many packets wait for pieces. */
  get pending(): number {
    return this.#partial.size
  }

  /**
   * @param time of the frame's capture, in nanoseconds since the epoch; frames are given in its order.
   * @returns the frame itself where it is no fragment; the whole packet, without a link header, where it was the last
   * piece of one; undefined while others are missing.
   */
  add(frame: Frame, time: bigint): Frame | undefined {
    const { layers, fragment } = frame
    if (!fragment || layers.version === 0) return frame
    this.#giveUpBefore(time - PATIENCE)
    // Half a piece would make half a packet.
    if (layers.cut) return undefined
    const key = keyOf(frame)
    const start = pieceStart(frame)
    const length = layers.end - start
    if (fragment.offset + length > LARGEST)
      return this.#tooLarge(frame, `a fragment that ends at ${fragment.offset + length}`)
    let packet = this.#partial.get(key)
    if (!packet) {
      packet = new PartialPacket(time)
      this.#partial.set(key, packet)
      this.#held += packet.held
    }
    const before = packet.held
    const overlap = packet.add(frame, start)
    this.#held += packet.held - before
    if (overlap !== undefined)
      this.#report({
        code: 'overlap',
        offset: start,
        message: `fragments of packet ${fragment.id} do not agree on byte ${overlap}`,
      })
    if (!packet.isWhole) {
      this.#makeRoom()
      return undefined
    }
    this.#forget(key, packet)
    const total = headersCounted(packet.first) + packet.size
    if (total > LARGEST) return this.#tooLarge(frame, `fragments of a packet of ${total} bytes`)
    const whole = layers.version === 4 ? wholeIpv4(packet) : wholeIpv6(packet)
    return decodeIp(whole)
  }

  /** RFC 8200 section 4.5 has such packets discarded. */
  #tooLarge({ layers }: Frame, what: string): undefined {
    const message = `${what}, beyond what a packet can hold`
    this.#report({ code: 'bad-length', offset: layers.network, message })
  }

  #giveUpBefore(time: bigint): void {
    for (const [key, packet] of this.#partial) {
      if (packet.since >= time) return
      this.#giveUp(key, packet)
    }
  }

  #makeRoom(): void {
    for (const [key, packet] of this.#partial) {
      if (this.#held <= this.#limit) return
      this.#giveUp(key, packet)
    }
  }

  #giveUp(key: string, packet: PartialPacket): void {
    this.#forget(key, packet)
    const message = `a packet whose fragments are not all there: ${packet.size} bytes of it are`
    this.#report({ code: 'truncated', offset: 0, message })
  }

  #forget(key: string, packet: PartialPacket): void {
    this.#partial.delete(key)
    this.#held -= packet.held
  }
}

/** Bytes of the whole packet's headers that count as its length: all of IPv4's, and the extensions of IPv6. */
function headersCounted({ layers }: Frame): number {
  return layers.version === 4 ? layers.networkHeaderLength : layers.fragmentHeader - layers.network - 40
}

/** Where the bytes of a fragment begin that belong into the packet. */
function pieceStart({ layers }: Frame): number {
  return layers.version === 4 ? layers.network + layers.networkHeaderLength : layers.fragmentHeader + 8
}

/** RFC 791 names a packet by addresses, protocol and identification; RFC 8200 leaves the protocol out. */
function keyOf({ data, layers }: Frame): string {
  const { network, version, fragmentId } = layers
  const addresses =
    version === 4
      ? data.toString('latin1', network + 12, network + 20) + String.fromCharCode(data[network + 9]!)
      : data.toString('latin1', network + 8, network + 40)
  return `${addresses}${fragmentId}`
}
