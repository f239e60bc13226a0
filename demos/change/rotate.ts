import { setTimeout as sleep } from 'node:timers/promises'
import { runIn } from '../sabotage/run-in.ts'
import type { Change, ChangeHands } from './change.ts'

/** Between two rotations, so that each has traffic of its own. */
const betweenMs = 150

/** The cluster key is rotated again and again. */
export const rotate: Change = {
  kind: 'rotate',
  title: 'Keys rotated under traffic, and nothing lost',
  rounds: 5,
  rightly: {
    text:
      'The cluster key is replaced while everybody sends. Every node installs what the others will send under before any of ' +
      'them does, and keeps what they sent under before.',
    notes:
      'Each rotation gives every ordered pair of nodes a new key and a new SPI. The proof needs them all: they are read from the ' +
      'kernels while old and new are both there.',
    what: (rounds) => `the key was rotated ${times(rounds)}`,
    change: (hands) =>
      inRounds(hands, async ({ lab, mark }) => {
        const { from, to } = await lab.rotateKey()
        mark(`key ${to} in place of key ${from}`)
      }),
  },
  botched: {
    heading: 'Rotated in haste',
    text: 'The same, but the old keys are torn out on every node before the new ones are agreed on. The checks have to see the loss.',
    notes:
      'What a rotation looks like that does not wait for the others. Traffic is lost; nothing leaves in clear.',
    what: (rounds) => `the key was rotated ${times(rounds)} and the old ones were torn out at once`,
    change: (hands) =>
      inRounds(hands, async ({ lab, mark, look }) => {
        await look()
        const nodes = await lab.nodes()
        await Promise.all(nodes.map(({ name }) => runIn(lab, name, ['ip', 'xfrm', 'state', 'deleteall'])))
        const { from, to } = await lab.rotateKey()
        mark(`key ${to} in place of key ${from}, which was gone before`)
      }),
  },
}

async function inRounds(hands: ChangeHands, once: (hands: ChangeHands) => Promise<void>): Promise<void> {
  for (let round = 1; round <= hands.rounds; round++) {
    hands.task.signal.throwIfAborted()
    hands.task.progress(`rotation ${round} of ${hands.rounds}`)
    await once(hands)
    await sleep(betweenMs, undefined, { signal: hands.task.signal })
  }
}

function times(rounds: number): string {
  return rounds === 1 ? 'once' : `${rounds} times`
}
