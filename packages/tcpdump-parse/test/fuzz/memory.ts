/** Samples before this part of them are of a process that still warms up. */
const WARM = 0.25
/** Fewer say nothing. */
const FEWEST = 12
/** Between the medians of the first and the last samples that count, in bytes: what remains is noise. */
const MOST_GROWTH = 4 << 20

export interface Growth {
  readonly early: number
  readonly late: number
  readonly isTooMuch: boolean
}

/** @param samples memory in use, in bytes, in their order. @returns undefined when they are too few to tell. */
export function growthOf(samples: readonly number[]): Growth | undefined {
  if (samples.length < FEWEST) return undefined
  const warm = samples.slice(Math.floor(samples.length * WARM))
  const third = Math.floor(warm.length / 3)
  const early = median(warm.slice(0, third))
  const late = median(warm.slice(-third))
  return { early, late, isTooMuch: late - early > MOST_GROWTH }
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}
