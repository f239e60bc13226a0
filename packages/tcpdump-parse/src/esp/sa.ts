import { parseAddress } from '../address.ts'

/** Ciphers of ESP by the kernel's names for them (`ip xfrm state`). */
export type EspAlgorithm =
  /** AES-GCM, RFC 4106. */
  | 'rfc4106(gcm(aes))'
  /** ChaCha20-Poly1305, RFC 7634. */
  | 'rfc7539esp(chacha20,poly1305)'
  /** AES-CBC, RFC 3602; needs `integrity`. */
  | 'cbc(aes)'
  /** No encryption, RFC 2410; needs `integrity`. */
  | 'cipher_null'

/** HMAC-SHA-1-96 (RFC 2404), HMAC-SHA-256-128, HMAC-SHA-384-192 and HMAC-SHA-512-256 (RFC 4868). */
export type IntegrityAlgorithm = 'hmac(sha1)' | 'hmac(sha256)' | 'hmac(sha384)' | 'hmac(sha512)'

/** A security association, as far as opening its packets needs it. Holds keys: handle as a secret. */
export interface EspSa {
  /** Outer addresses; `*` stands for any. */
  readonly source: string
  readonly destination: string
  readonly spi: number
  readonly algorithm: EspAlgorithm
  /**
   * The cipher's key, with the four salt bytes after it where the algorithm has them (RFC 4106 section 8.1, RFC 7634
   * section 2); empty for `cipher_null`.
   */
  readonly key: Buffer
  readonly icvBits: number
  /** What authenticates where the cipher does not. */
  readonly integrity?: { readonly algorithm: IntegrityAlgorithm; readonly key: Buffer }
  /** Extended sequence numbers (RFC 4303 section 2.2.1). */
  readonly esn?: boolean
  /** Of extended sequence numbers: the upper half at the beginning of the capture; 0 by default. */
  readonly sequenceHigh?: number
}

/** What is wrong with an SA someone gave us; never tells the key. */
export class SaError extends TypeError {
  readonly code = 'ESA'

  constructor(message: string) {
    super(message)
    this.name = 'SaError'
  }
}

interface CipherForm {
  readonly keyBytes: readonly number[]
  readonly saltBytes: number
  readonly ivBytes: number
  /** What the encrypted part is a multiple of, in bytes (RFC 4303 section 2.4). */
  readonly alignment: number
  /** In bits, of a cipher that authenticates. */
  readonly icvBits?: readonly number[]
}

export const cipherForms: Readonly<Record<EspAlgorithm, CipherForm>> = {
  'rfc4106(gcm(aes))': {
    keyBytes: [16, 24, 32],
    saltBytes: 4,
    ivBytes: 8,
    alignment: 4,
    icvBits: [64, 96, 128],
  },
  'rfc7539esp(chacha20,poly1305)': {
    keyBytes: [32],
    saltBytes: 4,
    ivBytes: 8,
    alignment: 4,
    icvBits: [128],
  },
  'cbc(aes)': { keyBytes: [16, 24, 32], saltBytes: 0, ivBytes: 16, alignment: 16 },
  cipher_null: { keyBytes: [0], saltBytes: 0, ivBytes: 0, alignment: 4 },
}

export const integrityForms: Readonly<
  Record<IntegrityAlgorithm, { readonly hash: string; readonly icvBits: readonly number[] }>
> = {
  'hmac(sha1)': { hash: 'sha1', icvBits: [96] },
  'hmac(sha256)': { hash: 'sha256', icvBits: [96, 128] },
  'hmac(sha384)': { hash: 'sha384', icvBits: [192] },
  'hmac(sha512)': { hash: 'sha512', icvBits: [256] },
}

/** In bytes, as in iproute2; it is far beyond what any algorithm recommends. */
export const LONGEST_INTEGRITY_KEY = 512

/**
 * Checks that an SA can be used: its SPI and addresses, and the lengths that its algorithms have keys and ICVs of.
 *
 * @throws SaError naming the SA and what is allowed.
 */
export function checkSa(sa: EspSa): void {
  if (!isUint32(sa.spi) || sa.spi === 0)
    throw new SaError(`an SA with SPI ${shown(sa.spi)}: the SPI must be a number from 1 to 0xffffffff`)
  const fail = (what: string) => new SaError(`the SA with SPI 0x${sa.spi.toString(16)}: ${what}`)
  if (!isKeyOf(cipherForms, sa.algorithm))
    throw fail(`algorithm ${shown(sa.algorithm)}; known are ${Object.keys(cipherForms).join(', ')}`)
  const form = cipherForms[sa.algorithm]
  const lengths = form.keyBytes.map((bytes) => bytes + form.saltBytes)
  if (!Buffer.isBuffer(sa.key) || !lengths.includes(sa.key.length))
    throw fail(
      `a key must have ${lengths.join(', ')} bytes${form.saltBytes ? ', of which the last four are the salt' : ''}`,
    )
  const icvBits = form.icvBits ?? integrityBits(sa, fail)
  if (form.icvBits && sa.integrity)
    throw fail(`${sa.algorithm} authenticates itself: leave out the integrity`)
  if (!icvBits.includes(sa.icvBits)) throw fail(`an ICV has ${icvBits.join(', ')} bits here`)
  if (sa.sequenceHigh !== undefined && !isUint32(sa.sequenceHigh))
    throw fail('the upper half of its sequence numbers must be a number from 0 to 0xffffffff')
  for (const end of ['source', 'destination'] as const) {
    if (sa[end] === '*') continue
    try {
      parseAddress(sa[end])
    } catch {
      throw fail(`${end} ${shown(sa[end])} is no IP address`)
    }
  }
}

function isUint32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff
}

/** Types do not hold what comes out of a file: a list with one name in it would pass for the name. */
function isKeyOf<Key extends string>(forms: Readonly<Record<Key, unknown>>, value: unknown): value is Key {
  return typeof value === 'string' && Object.hasOwn(forms, value)
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value)
    : `of type ${typeof value}`
}

function integrityBits({ algorithm, integrity }: EspSa, fail: (what: string) => SaError): readonly number[] {
  if (!integrity) throw fail(`${algorithm} does not authenticate: it needs an integrity algorithm`)
  if (!isKeyOf(integrityForms, integrity.algorithm))
    throw fail(`integrity ${shown(integrity.algorithm)}; known are ${Object.keys(integrityForms).join(', ')}`)
  const { key } = integrity
  if (!Buffer.isBuffer(key) || key.length === 0 || key.length > LONGEST_INTEGRITY_KEY)
    throw fail(`the integrity key must have 1 to ${LONGEST_INTEGRITY_KEY} bytes`)
  return integrityForms[integrity.algorithm].icvBits
}

/**
 * SAs from parsed JSON such as `sas.json`: an array of objects with the fields of {@link EspSa}, keys in hex. Other fields
 * are ignored.
 *
 * @throws SaError naming the entry.
 */
export function parseSas(json: unknown): EspSa[] {
  if (!Array.isArray(json)) throw new SaError('SAs must be an array')
  return json.map((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null)
      throw new SaError(`entry ${index} of the SAs is no object`)
    const fields = entry as Record<string, unknown>
    const integrity = fields.integrity as { algorithm?: unknown; key?: unknown } | undefined
    const sa = {
      source: fields.source,
      destination: fields.destination,
      spi: fields.spi,
      algorithm: fields.algorithm,
      key: keyOf(fields.key, index),
      icvBits: fields.icvBits,
      ...(integrity && {
        integrity: { algorithm: integrity.algorithm, key: keyOf(integrity.key, index) },
      }),
      ...(fields.esn === true && { esn: true }),
      ...(typeof fields.sequenceHigh === 'number' && { sequenceHigh: fields.sequenceHigh }),
    } as EspSa
    checkSa(sa)
    return sa
  })
}

function keyOf(text: unknown, index: number): Buffer {
  if (typeof text !== 'string' || !/^(0x)?([0-9a-f]{2})*$/i.test(text))
    throw new SaError(`entry ${index} of the SAs: the key must be hex`)
  return Buffer.from(text.replace(/^0x/i, ''), 'hex')
}
