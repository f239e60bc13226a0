import { createHash, randomBytes } from 'node:crypto'

/** Random instants that can be had again from the seed that the evidence names. */
export interface Instants {
  readonly seed: string
  /** The next number, from 0 to below `below`. */
  next(below: number): number
}

export function instantsFrom(seed: string = randomBytes(8).toString('hex')): Instants {
  let drawn = 0
  return {
    seed,
    next: (below) => {
      const digest = createHash('sha256').update(`${seed} ${drawn++}`).digest()
      return Math.floor((digest.readUInt32BE() / 2 ** 32) * below)
    },
  }
}
