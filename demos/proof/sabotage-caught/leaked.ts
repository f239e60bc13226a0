import { type Outcome, plural } from '../check.ts'
import type { SeenFrame } from '../observe.ts'
import { fromOverlay } from '../overlay.ts'
import { agentsCounted, clearOffenders, otherNodes, outcome, type Scene, whose } from './scene.ts'

/** The agent's counter for packets of pods that came in clear from the wire, and were therefore dropped. */
export const arrivalCounter = 'from-wire/dropped/clear-from-wire'

/** Holds when the captures show the leak: the sabotaged pods' packets in clear, and nobody else's. */
export function leakedAndCaught(scene: Scene): Outcome {
  const { arm, affected, sabotage } = scene
  const clear = arm.clear()
  const leaked = clear.filter(({ seen }) => comesFrom(scene, seen))
  const elsewhere = clear.filter(({ seen }) => !comesFrom(scene, seen))
  const ports = [...new Set(leaked.map(({ seen }) => seen.instrument))]
  const seen = affected.filter(({ token }) => ports.some((port) => arm.wireCanaries().seenAt(port, token)))
  const missed = affected.filter((canary) => canary.delivered && !seen.includes(canary))
  const numbers = {
    leaked: leaked.length,
    elsewhere: elsewhere.length,
    canaries: affected.length,
    canariesSeen: seen.length,
  }
  const fails = (says: string, frames = leaked) => outcome('fails', says, numbers, clearOffenders(frames))
  if (leaked.length === 0)
    return fails(`${sabotage.node} was sabotaged, and the captures show no frame of its pods in clear.`)
  if (missed[0])
    return fails(
      `${plural(missed.length, 'canary', 'canaries')} of sabotaged pods arrived and ${missed.length === 1 ? 'was' : 'were'} not seen on the wire, the first: ${missed[0].id}.`,
    )
  if (seen.length === 0) return fails(`None of ${whose(sabotage)} canaries was seen on the wire.`)
  if (elsewhere[0])
    return fails(
      `${plural(elsewhere.length, 'frame')} in clear came from pods that were not sabotaged, the first: ${elsewhere[0].why}.`,
      elsewhere,
    )
  return outcome(
    'holds',
    `The leak was caught: ${plural(leaked.length, 'frame')} in clear at ${ports.join(', ')} and ${seen.length} of ${plural(affected.length, 'canary', 'canaries')}, all of them ${whose(sabotage)}.`,
    numbers,
    clearOffenders(leaked),
  )
}

/** Holds when, besides, the nodes that the packets were for refused them. */
export function leakedAndRefused(scene: Scene): Outcome {
  const caught = leakedAndCaught(scene)
  const { arm, affected } = scene
  const refused = agentsCounted(arm, otherNodes(scene), arrivalCounter)
  const arrived = affected.filter(({ delivered }) => delivered)
  const numbers = { ...caught.numbers, refused, arrived: arrived.length }
  if (caught.state !== 'holds') return { ...caught, numbers }
  if (refused <= 0)
    return outcome('fails', 'The leak was caught, and no agent counted that it refused it.', numbers)
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'canary', 'canaries')} arrived in clear though strict mode was on, the first: ${arrived[0].id}.`,
      numbers,
    )
  return {
    ...caught,
    numbers,
    says: `${caught.says} ${plural(refused, 'packet')} of it ${refused === 1 ? 'was' : 'were'} refused on arrival, and none of the canaries got through.`,
  }
}

/** The packets of whoever is sabotaged have its address as their source, wherever they come out. */
function comesFrom({ arm, sabotage }: Scene, { frame, time }: SeenFrame): boolean {
  const holders = arm.book.at(time)
  const packet = fromOverlay(frame, holders)
  const source = packet.source ?? packet.arp?.senderAddress
  const sender = source === undefined ? undefined : holders.senderAt(source)
  return sender !== undefined && sabotage.pods.includes(sender.name)
}
