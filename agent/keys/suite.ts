import type { XfrmAlgorithms } from '@wireproof/netlink'

export const suiteNames = ['aes-gcm-128', 'aes-gcm-256', 'chacha20-poly1305', 'aes-cbc-hmac-sha256'] as const
export type SuiteName = (typeof suiteNames)[number]

/** What ESP encrypts and authenticates with, and what that costs. Lengths are in bytes unless they say otherwise. */
export interface Suite {
  /** Ours; bound into every key that is derived for the suite. */
  readonly name: SuiteName
  /** What a cluster key calls it, by the kernel's names; `authentication` where the cipher does not authenticate. */
  readonly cipher: string
  readonly authentication?: string
  /** Of the cipher, with the salt after it where it has one (RFC 4106 section 8.1, RFC 7634 section 2). */
  readonly cipherKeyBytes: number
  readonly authenticationKeyBytes: number
  readonly icvBits: 128
  readonly ivBytes: number
  /** What the encrypted part is padded to a multiple of (RFC 4303 section 2.4). */
  readonly blockBytes: number
  /** After how much one key is replaced; docs/suites.md says why. */
  readonly limit: { readonly packets: number; readonly bytes: number }
  /** What a kernel has to be built with, besides ESP. */
  readonly kernelOptions: readonly string[]
}

const aead = { authenticationKeyBytes: 0, icvBits: 128, ivBytes: 8, blockBytes: 4 } as const

/**
 * AES-GCM with the deterministic IV of ESP may be invoked once for every IV (NIST SP 800-38D section 8.2.1): with ESN 2^64
 * times. We stop where what an attacker gains from blocks that collide passes 2^-32 (draft-irtf-cfrg-aead-limits section
 * 5.1, (s + q + 1)^2 / 2^129): 2^48 blocks, which 2^36 packets of the greatest length, 2^12 blocks, cannot exceed.
 */
const gcmLimit = { packets: 2 ** 36, bytes: 2 ** 52 }

const aesGcm = {
  ...aead,
  cipher: 'rfc4106(gcm(aes))',
  limit: gcmLimit,
  kernelOptions: ['CONFIG_CRYPTO_AES', 'CONFIG_CRYPTO_GCM', 'CONFIG_CRYPTO_SEQIV'],
} as const

export const suites: Readonly<Record<SuiteName, Suite>> = {
  'aes-gcm-128': { ...aesGcm, name: 'aes-gcm-128', cipherKeyBytes: 20 },
  'aes-gcm-256': { ...aesGcm, name: 'aes-gcm-256', cipherKeyBytes: 36 },
  'chacha20-poly1305': {
    ...aead,
    name: 'chacha20-poly1305',
    cipher: 'rfc7539esp(chacha20,poly1305)',
    cipherKeyBytes: 36,
    // Its stream gives nothing away while no nonce repeats (RFC 7634 section 2); far from the end of the 64-bit numbers.
    limit: { packets: 2 ** 48, bytes: Number.POSITIVE_INFINITY },
    kernelOptions: ['CONFIG_CRYPTO_CHACHA20POLY1305', 'CONFIG_CRYPTO_SEQIV'],
  },
  'aes-cbc-hmac-sha256': {
    name: 'aes-cbc-hmac-sha256',
    cipher: 'cbc(aes)',
    authentication: 'hmac(sha256)',
    cipherKeyBytes: 16,
    // RFC 4868 section 2.1.1: as long as the hash. Of it 128 bits are sent, half of what is computed (section 2.1).
    authenticationKeyBytes: 32,
    icvBits: 128,
    ivBytes: 16,
    blockBytes: 16,
    // Two equal blocks of ciphertext give away the difference of two plaintexts: below 2^-32 up to 2^48 blocks, as above.
    limit: { packets: 2 ** 36, bytes: 2 ** 52 },
    kernelOptions: [
      'CONFIG_CRYPTO_AES',
      'CONFIG_CRYPTO_CBC',
      'CONFIG_CRYPTO_HMAC',
      'CONFIG_CRYPTO_SHA256',
      'CONFIG_CRYPTO_AUTHENC',
      'CONFIG_CRYPTO_ECHAINIV',
    ],
  },
}

/** How many bytes of key material an association needs. */
export function keyBytes({ cipherKeyBytes, authenticationKeyBytes }: Suite): number {
  return cipherKeyBytes + authenticationKeyBytes
}

/** What the kernel is told. @param key {@link keyBytes} long: the cipher's part first. */
export function algorithmsOf(suite: Suite, key: Buffer): XfrmAlgorithms {
  const { cipher, authentication, cipherKeyBytes, icvBits } = suite
  if (key.length !== keyBytes(suite))
    throw new TypeError(`a key for ${suite.name} has ${keyBytes(suite)} bytes, not ${key.length}`)
  if (authentication === undefined) return { aead: { name: cipher, key, icvBits } }
  return {
    encryption: { name: cipher, key: key.subarray(0, cipherKeyBytes) },
    authentication: { name: authentication, key: key.subarray(cipherKeyBytes), icvBits },
  }
}

/** The suite of an association that the kernel holds; undefined for one that is none of ours. */
export function suiteOf({ aead, encryption, authentication }: XfrmAlgorithms): Suite | undefined {
  const cipher = aead ?? encryption
  const icvBits = (aead ?? authentication).icvBits
  return Object.values(suites).find(
    (suite) =>
      suite.cipher === cipher.name &&
      suite.cipherKeyBytes === cipher.key.length &&
      suite.authentication === authentication?.name &&
      suite.icvBits === icvBits,
  )
}

/** Whether a key has protected as much as its suite allows. */
export function isWornOut({ limit }: Suite, protectedSoFar: { packets: number; bytes: number }): boolean {
  return protectedSoFar.packets > limit.packets || protectedSoFar.bytes > limit.bytes
}

const outerHeaderBytes = { ipv4: 20, ipv6: 40 } as const
const espHeaderBytes = 8
/** Pad length and next header. */
const espTrailerBytes = 2

/**
 * By how many bytes ESP in tunnel mode makes a packet longer in the worst case, in which there is a byte of padding short of
 * a whole block (RFC 4303 section 2): with so much less than the wire's MTU, packets of every length fit.
 */
export function encryptionOverhead(suite: Suite, outer: keyof typeof outerHeaderBytes): number {
  const { ivBytes, blockBytes, icvBits } = suite
  const padding = blockBytes - 1
  return outerHeaderBytes[outer] + espHeaderBytes + ivBytes + padding + espTrailerBytes + icvBits / 8
}
