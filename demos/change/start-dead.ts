import type { Lab } from '../../lab/lab.ts'

/** Starts the agents that an interrupted demo has left dead. */
export async function startDead(lab: Lab): Promise<void> {
  for (const { name } of await lab.nodes()) {
    const lives = await lab.status(name).then(
      () => true,
      () => false,
    )
    if (!lives) await lab.startAgent(name)
  }
}
