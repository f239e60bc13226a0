import { type Outcome, plural } from '../check.ts'
import { type ArmView, offender, type SeenFrame } from '../observe.ts'
import { fromOverlay, openedPacket } from '../overlay.ts'
import { outcome, type Scene, whose } from './scene.ts'

/** Holds when nothing of the sabotaged pods got anywhere: not in clear, not encrypted, not to a neighbour. */
export function neverConnected({ arm, affected, sabotage }: Scene): Outcome {
  const isSabotaged = (pod: string) => sabotage.pods.includes(pod)
  const tried = arm.facts.canaries.filter(({ fromPod, toPod }) => isSabotaged(fromPod) || isSabotaged(toPod))
  const arrived = tried.filter(({ delivered }) => delivered)
  const onWire = arm.wire.filter((seen) => isSabotaged(sender(arm, seen) ?? ''))
  const numbers = { tried: tried.length, arrived: arrived.length, onWire: onWire.length }
  if (affected.length === 0)
    return outcome('inconclusive', `${whose(sabotage)} programs tried to reach nobody.`, numbers)
  if (onWire[0])
    return outcome(
      'fails',
      `${plural(onWire.length, 'frame')} of ${whose(sabotage)} on the wire although no agent had guarded it.`,
      numbers,
      onWire.map((seen) => offender(seen, 'from a pod that no agent had guarded')),
    )
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'canary', 'canaries')} came through to or from a pod that no agent had guarded, the first: ${arrived[0].id}.`,
      numbers,
    )
  return outcome(
    'holds',
    `No agent, no connection: none of ${plural(tried.length, 'canary', 'canaries')} to and from ${sabotage.pods.join(' and ')} arrived, and no frame of it was on the wire, in clear or encrypted.`,
    numbers,
  )
}

function sender({ book }: ArmView, { frame, opened, time }: SeenFrame): string | undefined {
  const holders = book.at(time)
  const packet = openedPacket(opened, holders) ?? fromOverlay(frame, holders)
  const source = packet.source ?? packet.arp?.senderAddress
  return source === undefined ? undefined : holders.podAt(source)?.name
}
