import { setTimeout as delay } from 'node:timers/promises'

/** Waits until `check` throws nothing; what it throws last is thrown where that takes too long. */
export async function eventually(
  check: () => void | Promise<void>,
  { withinMs = 10_000, everyMs = 50 } = {},
): Promise<void> {
  for (const deadline = Date.now() + withinMs; ; await delay(everyMs))
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
}
