import { type CipherGCMTypes, createDecipheriv, createSecretKey } from 'node:crypto'

/** AES-GCM under one key. */
export interface GcmKey {
  /**
   * @returns the plaintext, or undefined when the tag does not verify. May be memory that the next call overwrites.
   */
  open(nonce: Buffer, aad: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | undefined
}

/** What does the cryptography. An own one can be given to `EspOpener`. */
export interface GcmEngine {
  readonly name: string
  /** @param key AES key of 16, 24 or 32 bytes. @param tagLength in bytes. */
  key(key: Buffer, tagLength: number): GcmKey
}

export const nodeCrypto: GcmEngine = {
  name: 'node:crypto',
  key(key, tagLength) {
    const algorithm = `aes-${key.length * 8}-gcm` as CipherGCMTypes
    // Given a Buffer instead, Node 24 takes four times as long for each packet.
    const secret = createSecretKey(key)
    const options = { authTagLength: tagLength }
    return {
      open(nonce, aad, ciphertext, tag) {
        const decipher = createDecipheriv(algorithm, secret, nonce, options)
        decipher.setAAD(aad)
        decipher.setAuthTag(tag)
        const plaintext = decipher.update(ciphertext)
        try {
          decipher.final()
        } catch {
          // final() throws for one reason: the tag is wrong.
          return undefined
        }
        return plaintext
      },
    }
  },
}
