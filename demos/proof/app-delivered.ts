import { isIPv6 } from 'node:net'
import { type Outcome, plural } from './check.ts'
import { crossingCanaries } from './crossing.ts'
import type { ArmView, RunView } from './observe.ts'
import type { PodFacts } from './run.ts'

/**
 * Holds when every canary sent arrived, unchanged: the receiving program says so, and the capture at the receiving pod
 * shows the canary. And when canaries left every node that has pods, over every IP family that they have, as the captures at
 * the pods show: of a node whose pods were silent nothing is known.
 */
export function appDelivered(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const { canaries } = arm.facts
  const arrived = canaries.filter(({ delivered }) => delivered)
  const altered = arrived.filter(({ unchanged }) => !unchanged)
  const unseen = arrived.filter(({ toPod, token }) => !arm.podCanaries().seenAt(`pod/${toPod}`, token))
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
      `${plural(unseen.length, 'canary', 'canaries')} said to have arrived ${unseen.length === 1 ? 'is' : 'are'} not in the receiving pod's capture, the first: ${unseen[0].id}.`,
    )
  const silence = silenceIn(arm, material.facts.pods)
  if (silence) return outcome('inconclusive', silence)
  return outcome(
    'holds',
    `All ${plural(canaries.length, 'canary', 'canaries')} arrived unchanged, and the receiving pods' captures show them.`,
  )
}

/** Which node sent no canary to another, and where pods have more than one family, over which. */
function silenceIn(arm: ArmView, pods: readonly PodFacts[]): string | undefined {
  const senders = new Map(
    crossingCanaries(arm, pods).map(({ canary, fromNode }) => [canary.token, { canary, fromNode }]),
  )
  const spoken = new Set<string>()
  for (const { token, seen } of arm.podCanaries().sightings) {
    const sender = senders.get(token)
    if (sender && seen.instrument === `pod/${sender.canary.fromPod}`)
      spoken.add(`${sender.fromNode} ${seen.frame.layers.version}`)
  }
  for (const { node, addresses } of pods)
    for (const version of addresses.map((address) => (isIPv6(address) ? 6 : 4)))
      if (!spoken.has(`${node} ${version}`)) {
        const over = addresses.length > 1 ? ` over IPv${version}` : ''
        return `No canary was sent from ${node}'s pods to another node${over}.`
      }
  return undefined
}
