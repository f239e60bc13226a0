import { EngineError, type EspCipher, type EspEngine } from './engine.ts'
import type { EspSa } from './sa.ts'

/** One packet in so many is opened again although it opened. */
const DEFAULT_SAMPLE = 64

/** How much is checked. */
export interface CrossCheckOptions {
  /** One in so many of the packets that open is opened by the second engine, too; chosen at random. 64 by default. */
  sample?: number
  /** For tests: numbers from 0 to 1. */
  random?: () => number
}

/** What two engines have found so far. */
export interface CrossChecks {
  /** Packets that the second engine opened as well, and found the same. */
  agreed: number
}

/**
 * An engine whose answers a second one checks: every packet that does not open, and a sample of those that do.
 *
 * @throws (by the ciphers) EngineError when the two do not agree.
 */
export function crossChecked(
  first: EspEngine,
  second: EspEngine,
  options: CrossCheckOptions = {},
): EspEngine & { readonly checks: CrossChecks } {
  const share = 1 / (options.sample ?? DEFAULT_SAMPLE)
  const random = options.random ?? Math.random
  const checks: CrossChecks = { agreed: 0 }
  return {
    name: `${first.name}, checked by ${second.name}`,
    checks,
    ...(first.borrow && { borrow: first.borrow }),
    ...(first.release && { release: first.release }),
    cipher(sa) {
      const [ours, theirs] = [first.cipher(sa), second.cipher(sa)]
      return {
        get plaintext() {
          return ours.plaintext
        },
        open(data, start, end, sequenceHigh) {
          const length = ours.open(data, start, end, sequenceHigh)
          if (length >= 0 && random() >= share) return length
          const again = theirs.open(data, start, end, sequenceHigh)
          const agree = length === again && (length < 0 || samePlaintext(ours, theirs, length))
          if (!agree) throw disagreement(sa, first, second)
          checks.agreed++
          return length
        },
      }
    },
  }
}

function samePlaintext(a: EspCipher, b: EspCipher, length: number): boolean {
  return a.plaintext.compare(b.plaintext, 0, length, 0, length) === 0
}

function disagreement({ spi }: EspSa, first: EspEngine, second: EspEngine): EngineError {
  const name = `0x${spi.toString(16)}`
  return new EngineError(
    `${first.name} and ${second.name} do not agree on a packet of SPI ${name}: no answer of either counts`,
  )
}
