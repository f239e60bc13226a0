import type { EspSa } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'

/**
 * A security association as decryptors want it. What it says of its sequence number is where an opener begins: read it
 * before the capture it is to open.
 */
export function espSa(association: SecurityAssociation): EspSa {
  const { source, destination, spi, algorithm, key, icvBits, integrity, esn, sequence } = association
  return {
    source,
    destination,
    spi,
    algorithm,
    key: Buffer.from(key, 'hex'),
    icvBits,
    ...(integrity && {
      integrity: { algorithm: integrity.algorithm, key: Buffer.from(integrity.key, 'hex') },
    }),
    ...(esn && { esn, sequenceHigh: Number(BigInt(sequence) >> 32n) }),
  }
}

/** The same for all readings of one association, at either end, and for no other. */
export function associationId(association: SecurityAssociation): string {
  return associationIdOf(espSa(association))
}

export function associationIdOf(sa: EspSa): string {
  const { source, destination, spi, algorithm, key, icvBits, integrity, esn } = sa
  return [
    source,
    destination,
    spi,
    algorithm,
    key.toString('hex'),
    icvBits,
    integrity?.algorithm,
    integrity?.key.toString('hex'),
    esn ?? false,
  ].join(' ')
}
