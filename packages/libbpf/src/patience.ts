const ENOMEM = 12
// Ten ticks of the slowest clock, 100 Hz.
const PAUSE_MS = 5
const PAUSES = 20

/**
 * Repeats what fails for want of memory for as long as it may be on its way. Entries of LPM tries come from a cache
 * that an interrupt refills (kernel/bpf/memalloc.c). Where the architecture has none for it, as User-Mode Linux, that
 * waits for the next tick of the clock, and a few updates in a row find the cache empty.
 *
 * @param attempt returns minus an errno when it fails.
 * @param progressed tells, after a failure, whether the attempt got anything done: then patience begins anew.
 */
export function patiently(attempt: () => number, progressed: () => boolean = () => false): number {
  for (let pauses = 0; ; pauses++) {
    const result = attempt()
    if (result !== -ENOMEM) return result
    if (progressed()) pauses = 0
    if (pauses === PAUSES) return result
    pause(PAUSE_MS)
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
