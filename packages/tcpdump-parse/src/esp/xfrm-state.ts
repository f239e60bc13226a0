import { checkSa, type EspSa } from './sa.ts'

/**
 * SAs from what `ip xfrm state` prints (as root, which alone sees the keys). States of other protocols and algorithms
 * are left out.
 *
 * @throws SaError when a state of AES-GCM cannot be used, such as one whose key was not shown.
 */
export function parseXfrmState(text: string): EspSa[] {
  const sas: EspSa[] = []
  for (const block of text.split(/^(?=src )/m)) {
    const ends = /^src (\S+) dst (\S+)/.exec(block)
    const spi = /\bproto esp spi (0x[0-9a-f]+|\d+)/.exec(block)
    const aead = /\baead rfc4106\(gcm\(aes\)\) (?:0x([0-9a-f]*)|\S+) (\d+)/.exec(block)
    if (!ends || !spi || !aead) continue
    const sa: EspSa = {
      source: ends[1]!,
      destination: ends[2]!,
      spi: Number(spi[1]),
      algorithm: 'rfc4106(gcm(aes))',
      key: Buffer.from(aead[1] ?? '', 'hex'),
      icvBits: Number(aead[2]),
    }
    checkSa(sa)
    sas.push(sa)
  }
  return sas
}
