import { type CipherGCMTypes, createCipheriv, createHmac } from 'node:crypto'
import { checkSa, cipherForms, type EspSa, integrityForms } from './sa.ts'

/** What to seal, and what the packet says in clear. */
export interface Sealed {
  /** The 32 bits that are sent. */
  sequence: number
  /** The upper half, which is not sent, of an SA with extended sequence numbers; 0 by default. */
  sequenceHigh?: number
  /** As many bytes as the algorithm's IV has (8 for AES-GCM); never twice under one key. */
  iv: Buffer
  /** Protocol of `inner`: 4 or 41 in tunnel mode. */
  nextHeader: number
  inner: Buffer
}

/**
 * The ESP packet, from its SPI to its ICV, that a sender makes of `inner` (RFC 4303 section 3.3): to make captures whose
 * content is known.
 *
 * @throws SaError when the SA cannot be used.
 */
export function sealEsp(sa: EspSa, sealed: Sealed): Buffer {
  checkSa(sa)
  const { inner, nextHeader } = sealed
  const { alignment } = cipherForms[sa.algorithm]
  const padding = (alignment - ((inner.length + 2) % alignment)) % alignment
  const trailer = Buffer.from([
    ...Array.from({ length: padding }, (_, index) => index + 1),
    padding,
    nextHeader,
  ])
  return sealRaw(sa, sealed, Buffer.concat([inner, trailer]))
}

/** Seals `plaintext` with its trailer as given, right or wrong. */
export function sealRaw(
  sa: EspSa,
  { sequence, sequenceHigh = 0, iv }: Pick<Sealed, 'sequence' | 'sequenceHigh' | 'iv'>,
  plaintext: Buffer,
): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(sa.spi, 0)
  header.writeUInt32BE(sequence, 4)
  const high = Buffer.alloc(sa.esn ? 4 : 0)
  if (sa.esn) high.writeUInt32BE(sequenceHigh)
  return sa.integrity
    ? encryptThenAuthenticate(sa, header, high, iv, plaintext)
    : encryptWithTag(sa, header, high, iv, plaintext)
}

function encryptWithTag(sa: EspSa, header: Buffer, high: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const keyBytes = sa.key.length - cipherForms[sa.algorithm].saltBytes
  const name = sa.algorithm === 'rfc4106(gcm(aes))' ? `aes-${keyBytes * 8}-gcm` : 'chacha20-poly1305'
  const nonce = Buffer.concat([sa.key.subarray(keyBytes), iv])
  const cipher = createCipheriv(name as CipherGCMTypes, sa.key.subarray(0, keyBytes), nonce, {
    authTagLength: sa.icvBits / 8,
  })
  const additional = Buffer.concat([header.subarray(0, 4), high, header.subarray(4)])
  cipher.setAAD(additional, { plaintextLength: plaintext.length })
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([header, iv, ciphertext, cipher.getAuthTag()])
}

function encryptThenAuthenticate(
  sa: EspSa,
  header: Buffer,
  high: Buffer,
  iv: Buffer,
  plaintext: Buffer,
): Buffer {
  const { algorithm, key } = sa.integrity!
  const body = sa.algorithm === 'cipher_null' ? plaintext : encryptBlocks(sa.key, iv, plaintext)
  const packet = Buffer.concat([header, iv, body])
  const digest = createHmac(integrityForms[algorithm].hash, key).update(packet).update(high).digest()
  return Buffer.concat([packet, digest.subarray(0, sa.icvBits / 8)])
}

function encryptBlocks(key: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}
