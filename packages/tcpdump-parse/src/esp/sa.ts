import { parseAddress } from '../address.ts'

/** A security association, as far as opening its packets needs it. Holds a key: handle as a secret. */
export interface EspSa {
  /** Outer addresses. */
  readonly source: string
  readonly destination: string
  readonly spi: number
  readonly algorithm: 'rfc4106(gcm(aes))'
  /** The AES key and the four salt bytes after it (RFC 4106 section 8.1): 20, 28 or 36 bytes. */
  readonly key: Buffer
  readonly icvBits: number
}

/** What is wrong with an SA someone gave us; never tells the key. */
export class SaError extends TypeError {
  readonly code = 'ESA'

  constructor(message: string) {
    super(message)
    this.name = 'SaError'
  }
}

const KEY_LENGTHS = [20, 28, 36]
const ICV_BITS = [64, 96, 128]

/** @throws SaError naming the SA and what is allowed. */
export function checkSa(sa: EspSa): void {
  const name = `the SA with SPI 0x${Number(sa.spi).toString(16)}`
  if (!Number.isInteger(sa.spi) || sa.spi < 1 || sa.spi > 0xffffffff)
    throw new SaError(`${name}: the SPI must be a number from 1 to 0xffffffff`)
  if (sa.algorithm !== 'rfc4106(gcm(aes))')
    throw new SaError(
      `${name}: algorithm ${JSON.stringify(sa.algorithm)}; only rfc4106(gcm(aes)) can be opened`,
    )
  if (!Buffer.isBuffer(sa.key) || !KEY_LENGTHS.includes(sa.key.length))
    throw new SaError(`${name}: a key must have 20, 28 or 36 bytes: AES key and salt`)
  if (!ICV_BITS.includes(sa.icvBits)) throw new SaError(`${name}: an ICV has 64, 96 or 128 bits`)
  for (const end of ['source', 'destination'] as const) {
    try {
      parseAddress(sa[end])
    } catch {
      throw new SaError(`${name}: ${end} ${JSON.stringify(sa[end])} is no IP address`)
    }
  }
}

/**
 * SAs from parsed JSON such as `sas.json`: an array of objects with the fields of {@link EspSa}, the key in hex. Other
 * fields are ignored.
 *
 * @throws SaError naming the entry.
 */
export function parseSas(json: unknown): EspSa[] {
  if (!Array.isArray(json)) throw new SaError('SAs must be an array')
  return json.map((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null)
      throw new SaError(`entry ${index} of the SAs is no object`)
    const { source, destination, spi, algorithm, key, icvBits } = entry as Record<string, unknown>
    if (typeof key !== 'string' || !/^(0x)?([0-9a-f]{2})+$/i.test(key))
      throw new SaError(`entry ${index} of the SAs: the key must be hex`)
    const sa = {
      source,
      destination,
      spi,
      algorithm,
      key: Buffer.from(key.replace(/^0x/i, ''), 'hex'),
      icvBits,
    } as EspSa
    checkSa(sa)
    return sa
  })
}
