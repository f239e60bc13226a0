import { randomInt } from 'node:crypto'

/** Short enough to be typed. */
export const randomSeed = (): number => randomInt(1, 1_000_000)
