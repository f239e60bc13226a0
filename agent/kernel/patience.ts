const attempts = 50
const pause = 2
const nothing = new Int32Array(new SharedArrayBuffer(4))

/**
 * Tries again while a map that allocates its entries one by one answers ENOMEM: the kernel keeps a few in reserve, and
 * refills the reserve from an interrupt, which on a slow machine comes no sooner than the next tick (kernel/bpf/memalloc.c).
 *
 * @param wait takes milliseconds; blocks the thread when absent, as callers are in the middle of a pass.
 * @throws what `write` throws, at once when it is not ENOMEM, after 100 ms when it is.
 */
export function whileOutOfReserve(write: () => void, wait = block): void {
  for (let attempt = 1; ; attempt++) {
    try {
      write()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOMEM' || attempt === attempts) throw error
    }
    wait(pause)
  }
}

function block(milliseconds: number): void {
  Atomics.wait(nothing, 0, 0, milliseconds)
}
