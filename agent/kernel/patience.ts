const nothing = new Int32Array(new SharedArrayBuffer(4))

/**
 * Tries again while a map that allocates its entries one by one answers ENOMEM: the kernel keeps a few in reserve, and
 * refills the reserve from an interrupt, which on a slow machine comes no sooner than the next tick (kernel/bpf/memalloc.c).
 *
 * @param wait takes milliseconds; blocks the thread when absent, as callers are in the middle of a pass.
 * @throws what `write` throws, at once when it is not ENOMEM, after 100 ms when it is.
 */
export function whileOutOfReserve(write: () => void, wait = block): void {
  whileAnswered(['ENOMEM'], write, { attempts: 50, pause: 2, wait })
}

/**
 * Tries again while the kernel lacks what one of its modules may bring: modprobe is content with a module that another
 * process is just loading, and the kernel then looks for what is not there yet. Agents that start together meet this.
 *
 * @param wait takes milliseconds; blocks the thread when absent.
 * @throws what `ask` throws, at once when no module could help, after two seconds when one could.
 */
export function whileModulesLoad(ask: () => void, wait = block): void {
  whileAnswered(['EPROTONOSUPPORT', 'ENOSYS', 'ENOENT', 'EOPNOTSUPP'], ask, { attempts: 40, pause: 50, wait })
}

interface Patience {
  readonly attempts: number
  /** In milliseconds. */
  readonly pause: number
  wait(milliseconds: number): void
}

function whileAnswered(
  codes: readonly string[],
  call: () => void,
  { attempts, pause, wait }: Patience,
): void {
  for (let attempt = 1; ; attempt++) {
    try {
      call()
      return
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (!codes.includes(code) || attempt === attempts) throw error
    }
    wait(pause)
  }
}

function block(milliseconds: number): void {
  Atomics.wait(nothing, 0, 0, milliseconds)
}
