import { parseAddress } from '../address.ts'
import type { Frame } from '../frame/frame.ts'
import { type GcmEngine, type GcmKey, nodeCrypto } from './gcm.ts'
import { checkSa, type EspSa } from './sa.ts'

export type Opened =
  | {
      readonly ok: true
      readonly sa: EspSa
      readonly spi: number
      readonly sequence: number
      readonly iv: Buffer
      /** Protocol of `inner`: 4 or 41 in tunnel mode (then `decodeIp(inner)`), a transport protocol otherwise. */
      readonly nextHeader: number
      readonly inner: Buffer
    }
  | {
      readonly ok: false
      readonly spi: number
      readonly sequence: number
      readonly reason: 'no-sa' | 'bad-icv' | 'malformed' | 'bad-padding'
    }

interface Association {
  readonly sa: EspSa
  readonly source: Buffer
  readonly destination: Buffer
  readonly gcm: GcmKey
  /** Salt and then the IV of the packet at hand. */
  readonly nonce: Buffer
  readonly icvLength: number
}

const HEADER = 8
const IV = 8

/** Authenticates and decrypts ESP under known SAs: RFC 4303 with the AES-GCM of RFC 4106. */
export class EspOpener {
  readonly #bySpi = new Map<number, Association[]>()

  /**
   * @param sas may share SPIs as long as their addresses differ; of two with all the same, each is tried.
   * @throws SaError when one of them cannot be used.
   */
  constructor(sas: readonly EspSa[], options: { engine?: GcmEngine } = {}) {
    const engine = options.engine ?? nodeCrypto
    for (const sa of sas) {
      checkSa(sa)
      const aesLength = sa.key.length - 4
      const nonce = Buffer.alloc(12)
      sa.key.copy(nonce, 0, aesLength)
      const association: Association = {
        sa,
        source: parseAddress(sa.source),
        destination: parseAddress(sa.destination),
        gcm: engine.key(Buffer.from(sa.key.subarray(0, aesLength)), sa.icvBits / 8),
        nonce,
        icvLength: sa.icvBits / 8,
      }
      const same = this.#bySpi.get(sa.spi)
      if (same) same.push(association)
      else this.#bySpi.set(sa.spi, [association])
    }
  }

  /** Opens the ESP packet in a frame; a frame without one is `malformed` with SPI 0. */
  open(frame: Frame): Opened {
    const { data, layers } = frame
    const start = layers.esp
    if (start < 0) return { ok: false, spi: 0, sequence: 0, reason: 'malformed' }
    const spi = data.readUInt32BE(start)
    const sequence = data.readUInt32BE(start + 4)
    // A piece of a packet has no ICV to check, nor has one of which the capture lost the end.
    if (layers.cut || layers.moreFragments) return { ok: false, spi, sequence, reason: 'malformed' }
    const associations = this.#bySpi.get(spi)
    let failure: Opened | undefined
    if (associations)
      for (const association of associations)
        if (matches(association, data, layers.network, layers.version)) {
          const opened = openWith(association, data, start, layers.end, spi, sequence)
          if (opened.ok) return opened
          failure = opened
        }
    return failure ?? { ok: false, spi, sequence, reason: 'no-sa' }
  }
}

function matches(association: Association, data: Buffer, network: number, version: number): boolean {
  const length = version === 4 ? 4 : 16
  const { source, destination } = association
  if (source.length !== length) return false
  const start = network + (version === 4 ? 12 : 8)
  for (let i = 0; i < length; i++)
    if (data[start + i] !== source[i] || data[start + length + i] !== destination[i]) return false
  return true
}

function openWith(
  association: Association,
  data: Buffer,
  start: number,
  end: number,
  spi: number,
  sequence: number,
): Opened {
  const { gcm, nonce, icvLength, sa } = association
  const body = start + HEADER + IV
  const tag = end - icvLength
  // The trailer (pad length, next header) is right-aligned in a 4-byte word (RFC 4303 section 2.4).
  if (tag - body < 4 || (tag - body) % 4 !== 0) return { ok: false, spi, sequence, reason: 'malformed' }
  for (let i = 0; i < IV; i++) nonce[4 + i] = data[start + HEADER + i]!
  const plaintext = gcm.open(
    nonce,
    data.subarray(start, start + HEADER),
    data.subarray(body, tag),
    data.subarray(tag, end),
  )
  if (!plaintext) return { ok: false, spi, sequence, reason: 'bad-icv' }
  const length = plaintext.length
  const padding = plaintext[length - 2]!
  if (!paddingCounts(plaintext, padding)) return { ok: false, spi, sequence, reason: 'bad-padding' }
  return {
    ok: true,
    sa,
    spi,
    sequence,
    iv: data.subarray(start + HEADER, body),
    nextHeader: plaintext[length - 1]!,
    inner: plaintext.subarray(0, length - 2 - padding),
  }
}

/** RFC 4303 section 2.4: padding is 1, 2, 3, … and the receiver should check it. */
function paddingCounts(plaintext: Buffer, padding: number): boolean {
  const first = plaintext.length - 2 - padding
  if (first < 0) return false
  for (let i = 0; i < padding; i++) if (plaintext[first + i] !== i + 1) return false
  return true
}
