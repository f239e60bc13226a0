import type { EspSa } from './sa.ts'

/** The cryptography of one SA. */
export interface EspCipher {
  /**
   * Authenticates the ESP packet that `data` holds from `start` (its SPI) to `end` (behind its ICV), and decrypts it.
   *
   * @param sequenceHigh the upper half of an extended sequence number, which is authenticated but not sent (RFC 4303
   * section 2.2.1); -1 where the SA has none.
   * @returns bytes of plaintext, which are then the first of `plaintext`; -1 when the ICV does not verify.
   */
  open(data: Buffer, start: number, end: number, sequenceHigh: number): number
  /** Holds until the next packet is opened, by whatever cipher of the engine. */
  readonly plaintext: Buffer
}

/** What does the cryptography of ESP. */
export interface EspEngine {
  readonly name: string
  /** @param sa that has been checked. */
  cipher(sa: EspSa): EspCipher
  /**
   * Memory in which the engine reaches packets fastest, where there is a difference; to be given back by `release`, and not
   * looked at afterwards. Undefined when there is none to be had.
   */
  borrow?(size: number): Buffer | undefined
  release?(memory: Buffer): void
}

/** No packet with ESP is longer, in bytes; engines have room for this much. */
export const LONGEST_PACKET = 1 << 20

/** Two engines gave different answers about one packet: neither can be trusted. */
export class EngineError extends Error {
  readonly code = 'EENGINE'

  constructor(message: string) {
    super(message)
    this.name = 'EngineError'
  }
}
