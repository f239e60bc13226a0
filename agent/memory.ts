import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { libc } from '@wireproof/ffi'

/**
 * Keeps the heap close to what is in it: new objects get what room they have now and no more, and garbage is collected when
 * there is a fifth more than what was in use. Left to itself, Node lets an agent of thousands of nodes grow to three times
 * what it needs, and gives nothing back.
 *
 * Not on the command line, where Node would take what it has compiled without these for something else.
 */
export function keepMemorySmall(): void {
  for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=20', '--expose-gc'])
    setFlagsFromString(flag)
  collect = runInNewContext('gc')
}

let collect: ((options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void) | undefined

/** Gives back what a pass over everything has left behind. To be called when nothing else is to be done. */
export function giveBackMemory(): void {
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  libc.malloc_trim(0)
}
