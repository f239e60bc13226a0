import { isIPv6 } from 'node:net'
import { type Outcome, plural } from './check.ts'
import { crossingCanaries } from './crossing.ts'
import type { ArmView } from './observe.ts'

/**
 * Holds when every canary sent arrived, unchanged: the receiving program says so, and the capture at the receiving pod
 * shows the canary. And when canaries left every node that has pods, over every IP family that they have, as the captures at
 * the pods show: of a node whose pods were silent nothing is known. Where nodes are in scope the same goes for them: what they
 * send themselves is captured where it arrives.
 */
export function appDelivered(arm: ArmView): Outcome {
  const { canaries } = arm.facts
  const arrived = canaries.filter(({ delivered }) => delivered)
  const altered = arrived.filter(({ unchanged }) => !unchanged)
  const unseen = arrived.filter(
    ({ toPod, token }) => !arm.podCanaries().seenAt(arm.instrumentAt(toPod), token),
  )
  const numbers = {
    sent: canaries.length,
    arrived: arrived.length,
    altered: altered.length,
    notInReceiversCapture: unseen.length,
  }
  const outcome = (state: Outcome['state'], says: string): Outcome => ({
    state,
    says,
    numbers,
    offenders: [],
  })
  if (canaries.length === 0) return outcome('inconclusive', 'No canary was sent.')
  const lost = canaries.find(({ delivered }) => !delivered)
  if (lost)
    return outcome(
      'fails',
      `${canaries.length - arrived.length} of ${plural(canaries.length, 'canary', 'canaries')} did not arrive, the first: ${lost.id}.`,
    )
  if (altered[0])
    return outcome(
      'fails',
      `${altered.length} of ${plural(canaries.length, 'canary', 'canaries')} arrived altered, the first: ${altered[0].id}.`,
    )
  if (unseen[0])
    return outcome(
      'fails',
      `${plural(unseen.length, 'canary', 'canaries')} said to have arrived ${unseen.length === 1 ? 'is' : 'are'} not in the receiver's capture, the first: ${unseen[0].id}.`,
    )
  const silence = silenceIn(arm)
  if (silence) return outcome('inconclusive', silence)
  return outcome(
    'holds',
    `All ${plural(canaries.length, 'canary', 'canaries')} arrived unchanged, and the receivers' captures show them.`,
  )
}

/** Which node, by its pods or itself, sent no canary to another, and where pods have more than one family, over which. */
function silenceIn(arm: ArmView): string | undefined {
  const crossing = new Map(crossingCanaries(arm).map(({ canary }) => [canary.token, canary]))
  const isOwn = (name: string) => arm.facts.scope?.nodes?.includes(name) ?? false
  const voice = (name: string, node: string) => (isOwn(name) ? `${node} itself` : `${node}'s pods`)
  const spoken = new Set<string>()
  for (const { token, seen } of arm.podCanaries().sightings) {
    const canary = crossing.get(token)
    const sender = arm.senders.find(({ name }) => name === canary?.fromPod)
    if (!canary || !sender) continue
    const captured = isOwn(sender.name) ? arm.instrumentAt(canary.toPod) : `pod/${sender.name}`
    if (seen.instrument === captured)
      spoken.add(`${voice(sender.name, sender.node)} ${seen.frame.layers.version}`)
  }
  for (const { name, node, addresses } of arm.senders)
    for (const version of addresses.map((address) => (isIPv6(address) ? 6 : 4)))
      if (!spoken.has(`${voice(name, node)} ${version}`)) {
        const over = addresses.length > 1 ? ` over IPv${version}` : ''
        return `No canary was sent from ${voice(name, node)} to another node${over}.`
      }
  return undefined
}
