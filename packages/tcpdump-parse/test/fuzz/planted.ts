/** Bugs planted on purpose, of each kind that the fuzzer is to notice. */
import type { Planted, Target } from './target.ts'

const leaked: Buffer[] = []

/** Two bytes that follow one another in one of a few hundred mutated captures. */
const isStruck = (bytes: Buffer): boolean => bytes.includes(Buffer.from([0xff, 0x7f]))

const bugs: Readonly<Record<Planted, (bytes: Buffer) => void>> = {
  throws(bytes) {
    if (isStruck(bytes)) (undefined as unknown as Buffer).readUInt8(0)
  },
  loops(bytes) {
    while (isStruck(bytes));
  },
  leaks() {
    leaked.push(Buffer.alloc(1 << 15))
  },
}

export function plant(planted: Planted, target: Target): Target {
  return async (subject, tally) => {
    bugs[planted](subject.bytes)
    await target(subject, tally)
  }
}
