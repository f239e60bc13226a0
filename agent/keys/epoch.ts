/** Id of the cluster key that an SPI belongs to; see spiOf() in pair-key.ts. */
export function epochOfSpi(spi: number): number {
  return spi >>> 28
}
