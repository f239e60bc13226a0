import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** For tests: how many bytes, of the heap and outside of it, what is made keeps as long as it is kept. */
export function retainedBy(make: () => unknown): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const inUse = () => {
    // What the first leaves to be finalized the second takes.
    collect()
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  // What is compiled by the first is not counted.
  make()
  const before = inUse()
  const made = [make()]
  const bytes = inUse() - before
  made.pop()
  return bytes
}
