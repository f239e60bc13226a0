import type { EspSa } from 'tcpdump-parse'
import type { ArmAssociations } from '../proof/index.ts'

/** Every key of a run, once, as decryptors want them. */
export function espKeys(associations: readonly ArmAssociations[]): EspSa[] {
  const distinct = new Map<string, EspSa>()
  for (const { before, after } of associations)
    for (const { source, destination, spi, algorithm, key, icvBits } of [...after, ...before])
      distinct.set(`${source} ${destination} ${spi} ${key}`, {
        source,
        destination,
        spi,
        algorithm,
        key: Buffer.from(key, 'hex'),
        icvBits,
      })
  return [...distinct.values()]
}
