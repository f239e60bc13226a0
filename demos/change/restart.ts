import { setTimeout as sleep } from 'node:timers/promises'
import { runIn } from '../sabotage/run-in.ts'
import type { Change, ChangeHands } from './change.ts'
import { inRounds, times } from './rounds.ts'
import { startDead } from './start-dead.ts'

/** Between a start and the next kill, at most: an agent may be killed as it starts, as it reconciles, or at rest. */
const aliveMs = 700
/** Without an agent, at most. */
const deadMs = 300

/** Agents are killed at random instants and started again. */
export const restart: Change = {
  kind: 'restart',
  title: 'Agents killed at random instants, and nothing lost',
  rounds: 5,
  everyMs: 40,
  rightly: {
    text:
      'Agents are killed without warning, whatever they are doing, and started again. What they put into the kernel stays in ' +
      'force: traffic goes on, encrypted, with no agent at all.',
    notes:
      'SIGKILL at random instants, also while an agent starts. The seed of the instants is in the evidence.',
    isRandom: true,
    what: (rounds) => `agents were killed ${times(rounds)} at random instants`,
    async change(hands) {
      const { lab, instants, mark } = hands
      const nodes = await lab.nodes()
      hands.afterwards('Start the agents that are dead', () => startDead(lab))
      const starting = new Map<string, Promise<unknown>>()
      await inRounds(hands, 'kill', async ({ signal }) => {
        const { name } = nodes[instants.next(nodes.length)]!
        await sleep(instants.next(aliveMs), undefined, { signal })
        await lab.killAgent(name)
        mark(`the agent of ${name} was killed`)
        await sleep(instants.next(deadMs), undefined, { signal })
        starting.set(name, begin(hands, name))
      })
      for (const [name, started] of starting) {
        const problem = await started
        if (problem !== undefined) throw problem
        mark(`the agent of ${name} was there again`)
      }
      await lab.settled()
    },
  },
  botched: {
    heading: 'Killed, and its keys with it',
    text:
      'The same, but what the agent had put into the kernel goes with it, as where encryption is a process of its own. The checks ' +
      'have to see the loss.',
    notes: 'Nothing leaves in clear: the policies stay, and find nothing to encrypt with.',
    what: (rounds) => `agents were killed ${times(rounds)} and their SAs went with them`,
    change: (hands) => {
      hands.afterwards('Start the agents that are dead', () => startDead(hands.lab))
      return inRounds(hands, 'kill', async () => {
        const { lab, mark, look } = hands
        const [first] = await lab.nodes()
        await look()
        await lab.killAgent(first!.name)
        await runIn(lab, first!.name, ['ip', 'xfrm', 'state', 'deleteall'])
        mark(`the agent of ${first!.name} was killed, and its SAs with it`)
        await lab.startAgent(first!.name)
        await lab.settled()
      })
    },
  },
}

/** @returns why the agent did not start, if it did not: one that is killed as it starts does not. */
function begin({ lab }: ChangeHands, node: string): Promise<unknown> {
  return lab.startAgent(node).then(
    () => undefined,
    (problem: unknown) => problem,
  )
}
