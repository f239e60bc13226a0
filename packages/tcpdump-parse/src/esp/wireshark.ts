import { isIPv6 } from 'node:net'
import type { EspSa } from './sa.ts'

/** "ESP Security Association keys" of draft-ietf-opsawg-pcapng: the type of an {@link espDsb} in a secrets block. */
export const ESP_SECRETS = 0x45535053

/** Protocol, addresses, SPI, cipher and key, authentication and key: the columns Wireshark 4.0 and later share. */
function columns(sa: EspSa): string[] {
  return [
    isIPv6(sa.source) ? 'IPv6' : 'IPv4',
    sa.source,
    sa.destination,
    `0x${sa.spi.toString(16).padStart(8, '0')}`,
    `AES-GCM with ${sa.icvBits / 8} octet ICV [RFC4106]`,
    `0x${sa.key.toString('hex')}`,
    'NULL',
    '',
  ]
}

const csv = (fields: readonly string[]): string => `${fields.map((field) => `"${field}"`).join(',')}\n`

/**
 * The keys as the data of a decryption secrets block, for `PcapngWriter.addSecrets(ESP_SECRETS, …)`. Wireshark from 4.6
 * on reads it; older ones pass over it.
 */
export function espDsb(sas: readonly EspSa[]): Buffer {
  return Buffer.from(sas.map((sa) => csv([...columns(sa), '32-bit', '0x0'])).join(''))
}

/**
 * Files of a Wireshark profile that opens captures of these SAs decrypted, for any Wireshark from 4.0 on. Write them as
 * `esp_sa` and `preferences` into `<dir>/profiles/<name>/` and run `WIRESHARK_CONFIG_DIR=<dir> wireshark -C <name>`.
 */
export function wiresharkProfile(sas: readonly EspSa[]): { esp_sa: string; preferences: string } {
  return {
    esp_sa: sas.map((sa) => csv(columns(sa))).join(''),
    preferences: 'esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n',
  }
}
