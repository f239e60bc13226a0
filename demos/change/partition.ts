import { setTimeout as sleep } from 'node:timers/promises'
import type { LabNode } from '../../lab/lab.ts'
import { nowInNanoseconds } from '../arm.ts'
import { runIn } from '../sabotage/run-in.ts'
import { sabotageFailed } from '../sabotage/sabotage.ts'
import type { Change, ChangeHands } from './change.ts'
import { inRounds, times } from './rounds.ts'

/** How long a cut lasts: long enough to lose by, and not so long that nodes forget where their neighbours are. */
const cutMs = 1000
/** Between two rounds, and after the store is there again. */
const calmMs = 500
/** The kernel tells an agent at once; a slow one takes its time to do something about it. */
const noticedWithinMs = 15_000

/** The store is out of reach, and the wire is cut and healed. */
export const partition: Change = {
  kind: 'partition',
  title: 'Cut off from the store and from each other, and closed',
  rounds: 2,
  everyMs: 40,
  rightly: {
    text:
      'The agents’ store is taken out of their reach until each of them says so; then a node’s wire is cut and healed, while the ' +
      'store is still away. Traffic goes on without a store, is lost without a wire, and is never in clear.',
    notes: 'Nobody repairs anything afterwards: the store comes back, and the agents go on by themselves.',
    what: (rounds) => `the store was out of reach and the wire was cut, ${times(rounds)}`,
    async change(hands) {
      const nodes = await hands.lab.nodes()
      await inRounds(hands, 'partition', async ({ signal }) => {
        await withoutStore(hands, nodes, async () => {
          await hands.canariesSent
          const { name } = nodes[hands.instants.next(nodes.length)]!
          await cutWire(hands, name)
        })
        await sleep(calmMs, undefined, { signal })
      })
    },
    isRandom: true,
  },
  botched: {
    heading: 'Cut off, and open',
    text:
      'The same store out of reach, with strict mode off, and on one node nothing is left that encrypts: a system that fails open. ' +
      'The captures have to show it.',
    notes: 'The agent cannot repair what it cannot look up. Strict mode is what would have stopped this.',
    strict: false,
    what: (rounds) => `the store was out of reach and nothing encrypted on one node, ${times(rounds)}`,
    async change(hands) {
      const nodes = await hands.lab.nodes()
      const [first] = nodes
      await inRounds(hands, 'partition', ({ signal }) =>
        withoutStore(hands, nodes, async () => {
          await runIn(hands.lab, first!.name, ['ip', 'xfrm', 'policy', 'deleteall', 'dir', 'out'])
          hands.mark(`the policies of ${first!.name} were gone`)
          await sleep(calmMs, undefined, { signal })
        }),
      )
    },
  },
}

/** Does something while no agent can reach the store, as every one of them has noticed. */
async function withoutStore(
  { lab, mark, task, afterwards }: ChangeHands,
  nodes: readonly LabNode[],
  action: () => Promise<void>,
): Promise<void> {
  const severed = await lab.severStore()
  afterwards('Give the store back', () => severed.restore())
  try {
    mark('the store was out of reach')
    const deadline = performance.now() + noticedWithinMs
    while ((await Promise.all(nodes.map(({ name }) => lab.status(name)))).some(({ settled }) => settled)) {
      if (performance.now() > deadline)
        throw sabotageFailed('an agent does not notice that its store is gone')
      await sleep(50, undefined, { signal: task.signal })
    }
    mark('every agent said so')
    await action()
  } finally {
    await severed.restore()
  }
  mark('the store was there again')
  await lab.settled()
}

async function cutWire({ lab, mark, wasCut, task, afterwards }: ChangeHands, node: string): Promise<void> {
  const from = nowInNanoseconds()
  const severed = await lab.severWire(node)
  afterwards(`Heal the wire of ${node}`, () => severed.restore())
  try {
    mark(`the wire of ${node} was cut`)
    await sleep(cutMs, undefined, { signal: task.signal })
  } finally {
    await severed.restore()
    wasCut(from)
  }
  mark(`the wire of ${node} was healed`)
}
