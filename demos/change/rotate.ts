import { setTimeout as sleep } from 'node:timers/promises'
import { runIn } from '../sabotage/run-in.ts'
import type { Change } from './change.ts'
import { inRounds, times } from './rounds.ts'

/** Between two rotations, so that each has traffic of its own. */
const betweenMs = 150

/** The cluster key is rotated again and again. */
export const rotate: Change = {
  kind: 'rotate',
  title: 'Keys rotated under traffic, and nothing lost',
  rounds: 5,
  everyMs: 20,
  rightly: {
    text:
      'The cluster key is replaced while everybody sends. Every node installs what the others will send under before any of ' +
      'them does, and keeps what they sent under before.',
    notes:
      'Each rotation gives every ordered pair of nodes a new key and a new SPI. The proof needs them all: they are read from the ' +
      'kernels while old and new are both there.',
    what: (rounds) => `the key was rotated ${times(rounds)}`,
    change: (hands) =>
      inRounds(hands, 'rotation', async ({ signal }) => {
        const { from, to } = await hands.lab.rotateKey()
        hands.mark(`key ${to} in place of key ${from}`)
        await sleep(betweenMs, undefined, { signal })
      }),
  },
  botched: {
    heading: 'Rotated in haste',
    text: 'The same, but the old keys are torn out on every node before the new ones are agreed on. The checks have to see the loss.',
    notes:
      'What a rotation looks like that does not wait for the others. Traffic is lost; nothing leaves in clear.',
    what: (rounds) => `the key was rotated ${times(rounds)} and the old ones were torn out at once`,
    change: (hands) =>
      inRounds(hands, 'rotation', async ({ signal }) => {
        const { lab, mark, look } = hands
        await look()
        const nodes = await lab.nodes()
        await Promise.all(nodes.map(({ name }) => runIn(lab, name, ['ip', 'xfrm', 'state', 'deleteall'])))
        const { from, to } = await lab.rotateKey()
        mark(`key ${to} in place of key ${from}, which was gone before`)
        await sleep(betweenMs, undefined, { signal })
      }),
  },
}
