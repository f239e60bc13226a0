import {
  type CipherCCMTypes,
  type CipherGCMTypes,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
} from 'node:crypto'
import type { EspCipher, EspEngine } from './engine.ts'
import { cipherForms, type EspSa, integrityForms } from './sa.ts'

const HEADER = 8
const NOTHING = Buffer.alloc(0)

/** Node's own cryptography: portable, and nothing has to be installed for it. What openers use unless told otherwise. */
export const nodeEngine: EspEngine = {
  name: 'node:crypto',
  cipher: (sa) => (sa.integrity ? new SeparateCipher(sa) : new AeadCipher(sa)),
}

/** AES-GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634), which put nonce and additional data together alike. */
class AeadCipher implements EspCipher {
  plaintext = NOTHING
  readonly #algorithm: CipherGCMTypes
  readonly #key: KeyObject
  readonly #options: { readonly authTagLength: number }
  /** Salt and then the IV of the packet at hand. */
  readonly #nonce = Buffer.alloc(12)
  readonly #extendedHeader = Buffer.alloc(12)

  constructor(sa: EspSa) {
    const keyBytes = sa.key.length - cipherForms[sa.algorithm].saltBytes
    const name = sa.algorithm === 'rfc4106(gcm(aes))' ? `aes-${keyBytes * 8}-gcm` : 'chacha20-poly1305'
    this.#algorithm = name as CipherGCMTypes
    // Given a Buffer instead, Node 24 takes four times as long for each packet.
    this.#key = createSecretKey(sa.key.subarray(0, keyBytes))
    this.#options = { authTagLength: sa.icvBits / 8 }
    sa.key.copy(this.#nonce, 0, keyBytes)
  }

  open(data: Buffer, start: number, end: number, sequenceHigh: number): number {
    const body = start + HEADER + 8
    const tag = end - this.#options.authTagLength
    data.copy(this.#nonce, 4, start + HEADER, body)
    const decipher = createDecipheriv(this.#algorithm, this.#key, this.#nonce, this.#options)
    decipher.setAAD(this.#header(data, start, sequenceHigh), { plaintextLength: tag - body })
    decipher.setAuthTag(data.subarray(tag, end))
    const plaintext = decipher.update(data.subarray(body, tag))
    try {
      decipher.final()
    } catch {
      // final() throws for one reason: the tag is wrong.
      return -1
    }
    this.plaintext = plaintext
    return plaintext.length
  }

  #header(data: Buffer, start: number, sequenceHigh: number): Buffer {
    if (sequenceHigh < 0) return data.subarray(start, start + HEADER)
    const header = this.#extendedHeader
    data.copy(header, 0, start, start + 4)
    header.writeUInt32BE(sequenceHigh, 4)
    data.copy(header, 8, start + 4, start + 8)
    return header
  }
}

/** Encrypt-then-MAC: AES-CBC (RFC 3602) or nothing (RFC 2410) under an HMAC (RFC 2404, RFC 4868). */
class SeparateCipher implements EspCipher {
  plaintext = NOTHING
  readonly #decipher: { readonly algorithm: CipherCCMTypes; readonly key: KeyObject } | undefined
  readonly #hash: string
  readonly #integrityKey: KeyObject
  readonly #icvBytes: number
  readonly #ivBytes: number
  readonly #high = Buffer.alloc(4)

  constructor(sa: EspSa) {
    const { algorithm, key } = sa.integrity!
    this.#hash = integrityForms[algorithm].hash
    this.#integrityKey = createSecretKey(key)
    this.#icvBytes = sa.icvBits / 8
    this.#ivBytes = cipherForms[sa.algorithm].ivBytes
    if (sa.algorithm !== 'cipher_null')
      this.#decipher = {
        algorithm: `aes-${sa.key.length * 8}-cbc` as CipherCCMTypes,
        key: createSecretKey(sa.key),
      }
  }

  open(data: Buffer, start: number, end: number, sequenceHigh: number): number {
    const icv = end - this.#icvBytes
    const hmac = createHmac(this.#hash, this.#integrityKey).update(data.subarray(start, icv))
    if (sequenceHigh >= 0) {
      this.#high.writeUInt32BE(sequenceHigh)
      hmac.update(this.#high)
    }
    if (hmac.digest().compare(data, icv, end, 0, this.#icvBytes) !== 0) return -1
    const iv = start + HEADER
    const body = iv + this.#ivBytes
    this.plaintext = this.#decipher
      ? createDecipheriv(this.#decipher.algorithm, this.#decipher.key, data.subarray(iv, body))
          .setAutoPadding(false)
          .update(data.subarray(body, icv))
      : Buffer.from(data.subarray(body, icv))
    return this.plaintext.length
  }
}
