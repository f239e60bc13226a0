import { type Outcome, plural } from '../check.ts'
import { agentsCounted, kernelsRefused, outcome, type Scene, whose } from './scene.ts'

/** The agent's counter for packets that were protected, still in clear at the wire, and therefore dropped. */
export const dropCounter = 'to-wire/dropped/clear-on-wire'
/** The kernel's, for packets whose policy names an SA that is not there. */
export const noStateCounter = 'XfrmOutNoStates'

/** Holds when the sabotaged pods' packets stopped before the wire, and the agent's gate counted them. */
export function droppedByAgent(scene: Scene): Outcome {
  const { arm, sabotage } = scene
  return dropped(scene, agentsCounted(arm, [sabotage.node], dropCounter), 'its agent')
}

/** Holds when they stopped for want of an SA, and the kernel counted them. */
export function droppedByKernel(scene: Scene): Outcome {
  const { arm, sabotage } = scene
  return dropped(scene, kernelsRefused(arm, [sabotage.node], [noStateCounter]), 'its kernel')
}

function dropped({ arm, sabotage, affected }: Scene, dropped: number, counter: string): Outcome {
  const withheld = arm
    .account()
    .sent.filter(({ sender, fate }) => fate === 'missing' && sabotage.pods.includes(sender.name)).length
  const arrived = affected.filter(({ delivered }) => delivered)
  const numbers = { dropped, withheld, canaries: affected.length, arrived: arrived.length }
  if (withheld === 0)
    return outcome(
      'inconclusive',
      `No packet of ${whose(sabotage)} was kept from the wire: nothing was stopped.`,
      numbers,
    )
  if (dropped <= 0)
    return outcome(
      'fails',
      `${plural(withheld, 'packet')} of ${sabotage.node}'s pods did not reach the wire, and ${counter} counted no drop.`,
      numbers,
    )
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'canary', 'canaries')} of sabotaged pods arrived though nothing of them was on the wire, the first: ${arrived[0].id}.`,
      numbers,
    )
  return outcome(
    'holds',
    `Nothing leaked: ${plural(withheld, 'packet')} stopped before the wire, ${dropped.toLocaleString('en')} counted as dropped by ${sabotage.node}'s ${counter.slice('its '.length)}, and none of ${whose(sabotage)} ${plural(affected.length, 'canary', 'canaries')} arrived.`,
    numbers,
  )
}
