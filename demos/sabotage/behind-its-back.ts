import type { Lab } from '../../lab/lab.ts'

/**
 * Does something to a node while its agent hangs, so that nothing repairs it.
 *
 * @returns what wakes the agent up, which then repairs its node by itself.
 */
export async function behindItsBack(
  lab: Lab,
  node: string,
  action: () => Promise<void>,
): Promise<() => Promise<void>> {
  const wake = async () => {
    await lab.resumeAgent(node)
    await lab.settled()
  }
  await lab.pauseAgent(node)
  try {
    await action()
  } catch (error) {
    await lab.resumeAgent(node)
    throw error
  }
  return wake
}
