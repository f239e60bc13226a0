import { isIPv6 } from 'node:net'
import { checkSa, type EspAlgorithm, type EspSa, type IntegrityAlgorithm, SaError } from './sa.ts'

/** "ESP Security Association keys" of draft-ietf-opsawg-pcapng: the type of an {@link espDsb} in a secrets block. */
export const ESP_SECRETS = 0x45535053

const GCM = /^AES-GCM with (8|12|16) octet ICV \[RFC4106\]$/
const CIPHERS: Readonly<Record<string, EspAlgorithm>> = {
  'AES-CBC [RFC3602]': 'cbc(aes)',
  NULL: 'cipher_null',
  'ChaCha20 with Poly1305 [RFC7634]': 'rfc7539esp(chacha20,poly1305)',
}
const INTEGRITIES: Readonly<Record<string, { algorithm: IntegrityAlgorithm; icvBits: number }>> = {
  'HMAC-SHA-1-96 [RFC2404]': { algorithm: 'hmac(sha1)', icvBits: 96 },
  'HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]': { algorithm: 'hmac(sha256)', icvBits: 96 },
  'HMAC-SHA-256-128 [RFC4868]': { algorithm: 'hmac(sha256)', icvBits: 128 },
  'HMAC-SHA-384-192 [RFC4868]': { algorithm: 'hmac(sha384)', icvBits: 192 },
  'HMAC-SHA-512-256 [RFC4868]': { algorithm: 'hmac(sha512)', icvBits: 256 },
}

function cipherName(sa: EspSa): string {
  if (sa.algorithm === 'rfc4106(gcm(aes))') return `AES-GCM with ${sa.icvBits / 8} octet ICV [RFC4106]`
  return Object.keys(CIPHERS).find((name) => CIPHERS[name] === sa.algorithm)!
}

function integrityName({ integrity, icvBits }: EspSa): string {
  if (!integrity) return 'NULL'
  return Object.keys(INTEGRITIES).find((name) => {
    const known = INTEGRITIES[name]!
    return known.algorithm === integrity.algorithm && known.icvBits === icvBits
  })!
}

const hexKey = (key: Buffer | undefined): string => (key?.length ? `0x${key.toString('hex')}` : '')

/** Protocol, addresses, SPI, cipher and key, authentication and key: the columns Wireshark 4.0 and later share. */
function columns(sa: EspSa): string[] {
  return [
    isIPv6(sa.source) || isIPv6(sa.destination) ? 'IPv6' : 'IPv4',
    sa.source,
    sa.destination,
    `0x${sa.spi.toString(16).padStart(8, '0')}`,
    cipherName(sa),
    hexKey(sa.key),
    integrityName(sa),
    hexKey(sa.integrity?.key),
  ]
}

const csv = (fields: readonly string[]): string => `${fields.map((field) => `"${field}"`).join(',')}\n`

/**
 * The keys as the data of a decryption secrets block, for `PcapngWriter.addSecrets(ESP_SECRETS, …)`. Wireshark from 4.6
 * on reads it; older ones pass over it.
 */
export function espDsb(sas: readonly EspSa[]): Buffer {
  const lines = sas.map((sa) =>
    csv([...columns(sa), sa.esn ? '64-bit' : '32-bit', `0x${(sa.sequenceHigh ?? 0).toString(16)}`]),
  )
  return Buffer.from(lines.join(''))
}

/**
 * Files of a Wireshark profile that opens captures of these SAs decrypted, for any Wireshark from 4.0 on. Write them as
 * `esp_sa` and `preferences` into `<dir>/profiles/<name>/` and run `WIRESHARK_CONFIG_DIR=<dir> wireshark -C <name>`.
 *
 * The table that all of them share says nothing of extended sequence numbers, which are part of what an ICV is computed over:
 * where an SA has them, ICVs are left unchecked, since a good one would be shown as bad. Decryption does not need them.
 */
export function wiresharkProfile(sas: readonly EspSa[]): { esp_sa: string; preferences: string } {
  return {
    esp_sa: sas.map((sa) => csv(columns(sa))).join(''),
    preferences: `esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: ${sas.some(({ esn }) => esn) ? 'FALSE' : 'TRUE'}\n`,
  }
}

/**
 * SAs from Wireshark's `esp_sa` table (eight columns, or ten from 4.6 on) and from the data of an ESP secrets block, which
 * has the same form. Empty lines, comments and a heading are passed over.
 *
 * @throws SaError naming the line that cannot be used.
 */
export function parseEspSaTable(text: string): EspSa[] {
  return text.split('\n').flatMap((line, index) => {
    const fields = [...line.matchAll(/"((?:[^"]|"")*)"|([^",\s]+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare!,
    )
    if (fields.length === 0 || line.startsWith('#') || fields[0] === 'Protocol') return []
    const sa = saOfRow(fields, `line ${index + 1} of the ESP SAs`)
    checkSa(sa)
    return [sa]
  })
}

function saOfRow(fields: readonly string[], where: string): EspSa {
  if (fields.length < 8) throw new SaError(`${where} has ${fields.length} columns, of 8 or 10`)
  const [, source, destination, spi, cipher, key, authentication, integrityKey, numbers, high] = fields
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(spi!))
    throw new SaError(`${where}: the SPI ${JSON.stringify(spi)} is no number; one SA has one SPI`)
  const common = {
    source: wildcard(source!),
    destination: wildcard(destination!),
    spi: Number(spi),
    key: keyOf(key!, where),
    ...(numbers === '64-bit' && { esn: true, sequenceHigh: Number(high ?? 0) }),
  }
  const gcm = GCM.exec(cipher!)
  if (gcm) return { ...common, algorithm: 'rfc4106(gcm(aes))', icvBits: Number(gcm[1]) * 8 }
  const algorithm = CIPHERS[cipher!]
  if (!algorithm) throw new SaError(`${where}: the cipher ${JSON.stringify(cipher)} cannot be opened`)
  if (algorithm === 'rfc7539esp(chacha20,poly1305)') return { ...common, algorithm, icvBits: 128 }
  const integrity = INTEGRITIES[authentication!]
  if (!integrity)
    throw new SaError(`${where}: the authentication ${JSON.stringify(authentication)} cannot be checked`)
  return {
    ...common,
    algorithm,
    icvBits: integrity.icvBits,
    integrity: { algorithm: integrity.algorithm, key: keyOf(integrityKey!, where) },
  }
}

function wildcard(address: string): string {
  return address === '' || address.startsWith('*') ? '*' : address
}

function keyOf(text: string, where: string): Buffer {
  if (text === '') return Buffer.alloc(0)
  // Wireshark takes a key in quotes as text; without 0x nobody can tell which is meant.
  if (!/^0x([0-9a-f]{2})+$/i.test(text)) throw new SaError(`${where}: a key must be hex and begin with 0x`)
  return Buffer.from(text.slice(2), 'hex')
}
