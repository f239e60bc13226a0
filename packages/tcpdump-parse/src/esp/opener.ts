import { parseAddress } from '../address.ts'
import type { Frame } from '../frame/frame.ts'
import type { Layers } from '../frame/layers.ts'
import { type EspCipher, type EspEngine, LONGEST_PACKET } from './engine.ts'
import { nodeEngine } from './node-engine.ts'
import { checkSa, cipherForms, type EspSa } from './sa.ts'
import { SequenceTracker } from './sequence.ts'

/** Why a packet did not open (RFC 4303 section 3.4). */
export type OpenFailure =
  /** There is no SA for its SPI and its addresses (section 3.4.2). */
  | 'no-sa'
  /** It is not authentic: forged, altered, or sealed with another key (section 3.4.4). */
  | 'bad-icv'
  /** It is too short, of a wrong length, a fragment, or not captured whole. */
  | 'malformed'
  /** It is authentic, but its padding is not 1, 2, 3, … (section 2.4). */
  | 'bad-padding'

/** What came of opening a packet: what it holds, or why it did not open. */
export type Opened =
  | {
      readonly ok: true
      readonly sa: EspSa
      readonly spi: number
      /** The 32 bits that are on the wire. */
      readonly sequence: number
      /** The upper half of an extended sequence number, as it was authenticated. */
      readonly sequenceHigh?: number
      /** What the packet brings for its nonce; empty for ciphers without one. */
      readonly iv: Buffer
      /** Protocol of `inner`: 4 or 41 in tunnel mode (then `decodeIp(inner)`), a transport protocol otherwise. */
      readonly nextHeader: number
      readonly inner: Buffer
    }
  | {
      readonly ok: false
      readonly spi: number
      readonly sequence: number
      readonly reason: OpenFailure
    }

interface Association {
  readonly sa: EspSa
  /** Undefined matches any. */
  readonly source: Buffer | undefined
  readonly destination: Buffer | undefined
  readonly cipher: EspCipher
  readonly ivBytes: number
  readonly icvBytes: number
  readonly alignment: number
  readonly sequences: SequenceTracker | undefined
}

const HEADER = 8
/** Pad length and next header (RFC 4303 section 2). */
const TRAILER = 2

/** Authenticates and decrypts ESP (RFC 4303) under known SAs. */
export class EspOpener {
  readonly #bySpi = new Map<number, Association[]>()
  // What the last attempt found, for those who look at millions of packets and want no object for each.
  /** The SA that the last packet opened under; undefined when it did not. */
  association: { readonly sa: EspSa; readonly cipher: EspCipher } | undefined
  failure: OpenFailure = 'malformed'
  sequenceHigh = -1
  /** Bytes of the plaintext that are the inner packet, and what protocol that is. */
  innerLength = 0
  nextHeader = 0

  /**
   * @param sas may share SPIs as long as their addresses differ; of two with all the same, each is tried.
   * @param options.engine what does the cryptography; `nodeEngine` by default.
   * @throws SaError when one of them cannot be used.
   */
  constructor(sas: readonly EspSa[], options: { engine?: EspEngine } = {}) {
    const engine = options.engine ?? nodeEngine
    for (const sa of sas) {
      checkSa(sa)
      const { ivBytes, alignment } = cipherForms[sa.algorithm]
      const association: Association = {
        sa,
        source: addressOf(sa.source),
        destination: addressOf(sa.destination),
        cipher: engine.cipher(sa),
        ivBytes,
        icvBytes: sa.icvBits / 8,
        alignment,
        sequences: sa.esn ? new SequenceTracker(sa.sequenceHigh) : undefined,
      }
      const same = this.#bySpi.get(sa.spi)
      if (same) same.push(association)
      else this.#bySpi.set(sa.spi, [association])
    }
  }

  /** Opens the ESP packet in a frame; a frame without one is `malformed` with SPI 0. What it returns may be kept. */
  open(frame: Frame): Opened {
    const { data, layers } = frame
    const start = layers.esp
    if (start < 0) return { ok: false, spi: 0, sequence: 0, reason: 'malformed' }
    const spi = data.readUInt32BE(start)
    const sequence = data.readUInt32BE(start + 4)
    if (!this.attempt(data, layers)) return { ok: false, spi, sequence, reason: this.failure }
    const { sa, cipher } = this.association!
    const { ivBytes } = cipherForms[sa.algorithm]
    return {
      ok: true,
      sa,
      spi,
      sequence,
      ...(sa.esn && { sequenceHigh: this.sequenceHigh }),
      iv: data.subarray(start + HEADER, start + HEADER + ivBytes),
      nextHeader: this.nextHeader,
      inner: Buffer.from(cipher.plaintext.subarray(0, this.innerLength)),
    }
  }

  /**
   * Opens the ESP packet that `layers` found in `data`, and notes what came of it in the fields of this object: what was
   * decrypted is in `association.cipher.plaintext` until the next attempt.
   *
   * @returns whether it is authentic and well-formed.
   */
  attempt(data: Buffer, layers: Layers): boolean {
    const start = layers.esp
    this.association = undefined
    // A piece of a packet has no ICV to check, nor has one of which the capture lost the end.
    if (start < 0 || layers.cut || layers.moreFragments || layers.end - start > LONGEST_PACKET)
      return this.#fail('malformed')
    const associations = this.#bySpi.get(data.readUInt32BE(start))
    this.failure = 'no-sa'
    if (associations)
      for (const association of associations)
        if (matches(association, data, layers.network, layers.version)) {
          if (this.#openWith(association, data, start, layers.end)) return true
        }
    return false
  }

  #fail(failure: OpenFailure): false {
    this.failure = failure
    return false
  }

  #openWith(association: Association, data: Buffer, start: number, end: number): boolean {
    const { cipher, ivBytes, icvBytes, alignment } = association
    const length = end - start - HEADER - ivBytes - icvBytes
    if (length < TRAILER || length % alignment !== 0) return this.#fail('malformed')
    const plain = association.sequences
      ? this.#openExtended(association, association.sequences, data, start, end)
      : cipher.open(data, start, end, -1)
    if (plain < 0) return this.#fail('bad-icv')
    const { plaintext } = cipher
    const padding = plaintext[plain - 2]!
    if (!paddingCounts(plaintext, plain, padding)) return this.#fail('bad-padding')
    this.association = association
    this.nextHeader = plaintext[plain - 1]!
    this.innerLength = plain - TRAILER - padding
    return true
  }

  #openExtended(
    { cipher }: Association,
    sequences: SequenceTracker,
    data: Buffer,
    start: number,
    end: number,
  ): number {
    const low = data.readUInt32BE(start + 4)
    for (const high of sequences.candidates(low)) {
      const length = cipher.open(data, start, end, high)
      if (length < 0) continue
      sequences.accept(high, low)
      this.sequenceHigh = high
      return length
    }
    return -1
  }
}

function addressOf(text: string): Buffer | undefined {
  return text === '*' ? undefined : parseAddress(text)
}

function matches(
  { source, destination }: Association,
  data: Buffer,
  network: number,
  version: number,
): boolean {
  const length = version === 4 ? 4 : 16
  const start = network + (version === 4 ? 12 : 8)
  return isAt(source, data, start, length) && isAt(destination, data, start + length, length)
}

function isAt(address: Buffer | undefined, data: Buffer, start: number, length: number): boolean {
  if (!address) return true
  if (address.length !== length) return false
  for (let i = 0; i < length; i++) if (data[start + i] !== address[i]) return false
  return true
}

/** RFC 4303 section 2.4: padding is 1, 2, 3, … and the receiver should check it. */
function paddingCounts(plaintext: Buffer, length: number, padding: number): boolean {
  const first = length - TRAILER - padding
  if (first < 0) return false
  for (let i = 0; i < padding; i++) if (plaintext[first + i] !== i + 1) return false
  return true
}
