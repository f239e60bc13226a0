import { type CipherGCMTypes, createCipheriv } from 'node:crypto'
import { checkSa, type EspSa } from './sa.ts'

export interface Sealed {
  sequence: number
  /** 8 bytes, never twice under one key. */
  iv: Buffer
  /** Protocol of `inner`: 4 or 41 in tunnel mode. */
  nextHeader: number
  inner: Buffer
}

/**
 * The ESP packet, from its SPI to its ICV, that a sender makes of `inner`: to make captures whose content is known.
 *
 * @throws SaError when the SA cannot be used.
 */
export function sealEsp(sa: EspSa, { sequence, iv, nextHeader, inner }: Sealed): Buffer {
  checkSa(sa)
  const padding = (4 - ((inner.length + 2) % 4)) % 4
  const trailer = Buffer.from([...[1, 2, 3].slice(0, padding), padding, nextHeader])
  return sealRaw(sa, sequence, iv, Buffer.concat([inner, trailer]))
}

/** Seals `plaintext` with its trailer as given, right or wrong. */
export function sealRaw(sa: EspSa, sequence: number, iv: Buffer, plaintext: Buffer): Buffer {
  const aesLength = sa.key.length - 4
  const header = Buffer.alloc(8)
  header.writeUInt32BE(sa.spi, 0)
  header.writeUInt32BE(sequence, 4)
  const cipher = createCipheriv(
    `aes-${aesLength * 8}-gcm` as CipherGCMTypes,
    sa.key.subarray(0, aesLength),
    Buffer.concat([sa.key.subarray(aesLength), iv]),
    { authTagLength: sa.icvBits / 8 },
  )
  cipher.setAAD(header)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([header, iv, ciphertext, cipher.getAuthTag()])
}
