import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentVersion } from '../../lab/lab.ts'
import { runIn } from '../sabotage/run-in.ts'
import type { Change, ChangeHands } from './change.ts'
import { inRounds, times } from './rounds.ts'
import { startDead } from './start-dead.ts'

/** How long a node goes without what guards it, where that is botched. */
const bareMs = 400
/** In a round, so that a lab ends as it began. */
const versions: readonly AgentVersion[] = ['next', 'this']

/** Agents are replaced by another version of themselves, whose programs keep other maps. */
export const upgrade: Change = {
  kind: 'upgrade',
  title: 'Agents replaced by another version, and nothing lost',
  rounds: 1,
  everyMs: 40,
  rightly: {
    text:
      'Every node’s agent is replaced by another version of itself, whose programs keep their maps in another layout, and then by ' +
      'the first again. Each fills its own maps before it takes over, one program at a time.',
    notes: 'Old and new programs run side by side for a moment, each with maps that only it understands.',
    what: (rounds) => `every agent was replaced by another version of itself, and back, ${times(rounds)}`,
    async change(hands) {
      const { lab, mark } = hands
      const nodes = await lab.nodes()
      hands.afterwards('Start the agents that are dead', () => startDead(lab))
      await inRounds(hands, 'upgrade', async ({ signal }) => {
        for (const version of versions) {
          for (const { name } of nodes) {
            signal.throwIfAborted()
            await lab.killAgent(name)
            await lab.startAgent(name, version)
            mark(`${name} has ${version === 'next' ? 'the next version' : 'this version again'}`)
          }
          await lab.settled()
        }
      })
    },
  },
  botched: {
    heading: 'Upgraded, with nothing guarding',
    text:
      'The same, but what the old version had attached is taken off before the new one is there. In that gap pods send as if ' +
      'there were no agent, and strict mode has nobody left to enforce it.',
    notes: 'How many systems are upgraded. The captures have to show it.',
    what: (rounds) =>
      `the programs of one node were taken off before the new ones were there, ${times(rounds)}`,
    async change(hands) {
      const { lab, mark } = hands
      const [node] = await lab.nodes()
      hands.afterwards('Start the agents that are dead', () => startDead(lab))
      await inRounds(hands, 'upgrade', async ({ signal }) => {
        await lab.killAgent(node!.name)
        await takeProgramsOff(hands, node!.name)
        mark(`nothing guarded ${node!.name}`)
        await sleep(bareMs, undefined, { signal })
        await lab.startAgent(node!.name)
        mark(`${node!.name} was guarded again`)
        await lab.settled()
      })
    },
  },
}

async function takeProgramsOff({ lab }: ChangeHands, node: string): Promise<void> {
  const ofPods = (await lab.pods()).filter((pod) => pod.node === node).map(({ name }) => lab.podPort(name))
  for (const device of [...(await Promise.all(ofPods)), await lab.wirePort()])
    for (const direction of ['ingress', 'egress'])
      await runIn(lab, node, ['tc', 'filter', 'delete', 'dev', device, direction])
}
