import { type Outcome, offendersShown, plural } from './check.ts'
import { type CrossingCanary, crossingCanaries } from './crossing.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView } from './observe.ts'

/** The agent's counter for packets that were protected, still in clear at the wire, and therefore dropped. */
export const dropCounter = 'to-wire/dropped/clear-on-wire'

const covers = 'One kind of sabotage on one node; others are for demos of their own.'

/**
 * Holds when what was broken on purpose showed: in permissive mode the captures caught the leak, and only that node's; in
 * strict mode nothing of pods was in clear, the agent counted what it dropped, and the canaries did not arrive.
 */
export function sabotageCaught(arm: ArmView, run: Pick<RunView, 'material'>): Outcome {
  const { sabotage, settings } = arm.facts
  if (!sabotage)
    return {
      state: 'inconclusive',
      says: 'Nothing was sabotaged in this arm.',
      numbers: {},
      offenders: [],
      covers,
    }
  const affected = crossingCanaries(arm, run.material.facts.pods).filter(
    ({ fromNode }) => fromNode === sabotage.node,
  )
  return settings.strict
    ? droppedAndCounted(arm, run, sabotage.node, affected)
    : leakedAndCaught(arm, sabotage.node, affected)
}

function leakedAndCaught(arm: ArmView, node: string, affected: readonly CrossingCanary[]): Outcome {
  const port = `wire/${node}`
  const leaked = arm.clear().filter(({ seen }) => seen.instrument === port)
  const elsewhere = arm.clear().filter(({ seen }) => seen.instrument !== port)
  const seen = affected.filter(({ canary }) => arm.wireCanaries().seenAt(port, canary.token))
  const missed = affected.filter(({ canary }) => canary.delivered && !seen.some((it) => it.canary === canary))
  const numbers = {
    leaked: leaked.length,
    elsewhere: elsewhere.length,
    canaries: affected.length,
    canariesSeen: seen.length,
  }
  const outcome = (state: Outcome['state'], says: string, frames = leaked): Outcome => ({
    state,
    says,
    numbers,
    offenders: frames.slice(0, offendersShown).map((each) => offender(each.seen, each.why)),
    covers,
  })
  if (affected.length === 0)
    return outcome('inconclusive', `No canary was sent from ${node}'s pods to another node.`)
  if (leaked.length === 0)
    return outcome('fails', `${node} was sabotaged, and the captures show no frame of its pods in clear.`)
  if (missed[0])
    return outcome(
      'fails',
      `${plural(missed.length, 'canary', 'canaries')} of ${node}'s pods arrived and ${missed.length === 1 ? 'was' : 'were'} not seen on the wire, the first: ${missed[0].canary.id}.`,
    )
  if (seen.length === 0) return outcome('fails', `None of ${node}'s canaries was seen on the wire.`)
  if (elsewhere[0])
    return outcome(
      'fails',
      `${plural(elsewhere.length, 'frame')} in clear came from nodes that were not sabotaged, the first: ${elsewhere[0].why}.`,
      elsewhere,
    )
  return outcome(
    'holds',
    `The leak was caught: ${plural(leaked.length, 'frame')} in clear and ${seen.length} of ${plural(affected.length, 'canary', 'canaries')}, all from ${node}, the sabotaged node.`,
  )
}

function droppedAndCounted(
  arm: ArmView,
  run: Pick<RunView, 'material'>,
  node: string,
  affected: readonly CrossingCanary[],
): Outcome {
  const counter = (counters: ArmView['facts']['countersAfter']) => counters[node]?.[dropCounter]?.packets ?? 0
  const dropped = counter(arm.facts.countersAfter) - counter(arm.facts.countersBefore)
  const withheld = arm
    .account()
    .sent.filter(({ fromNode, fate }) => fromNode === node && fate === 'missing').length
  const clear = arm.clear()
  const sightings = arm.wireCanaries().sightings
  const arrived = affected.filter(({ canary }) => canary.delivered)
  const numbers = {
    clear: clear.length,
    canariesOnWire: sightings.length,
    dropped,
    withheld,
    canaries: affected.length,
    arrived: arrived.length,
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
    covers,
  })
  if (clear[0])
    return outcome(
      'fails',
      `${plural(clear.length, 'frame')} left in clear although strict mode was on, the first: ${clear[0].why}.`,
      clear.map(({ seen, why }) => offender(seen, why)),
    )
  if (sightings[0])
    return outcome(
      'fails',
      `${plural(sightings.length, 'canary sighting')} on the wire although strict mode was on.`,
      sightings.map(({ seen, token, encoding }) => offender(seen, `canary ${token} as ${encoding}`)),
    )
  const [fault] = instrumentFaults(arm, run.material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`)
  if (affected.length === 0)
    return outcome('inconclusive', `No canary was sent from ${node}'s pods to another node.`)
  if (withheld === 0)
    return outcome(
      'inconclusive',
      `No packet from ${node}'s pods was kept from the wire: nothing was stopped.`,
    )
  if (dropped <= 0)
    return outcome(
      'fails',
      `${plural(withheld, 'packet')} of ${node}'s pods did not reach the wire, and its agent counted no drop.`,
    )
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'canary', 'canaries')} of ${node}'s pods arrived though nothing of them was on the wire, the first: ${arrived[0].canary.id}.`,
    )
  return outcome(
    'holds',
    `Nothing leaked: ${plural(withheld, 'packet')} of ${node}'s pods stopped before the wire, ${dropped.toLocaleString('en')} counted as dropped, and none of ${plural(affected.length, 'canary', 'canaries')} arrived.`,
  )
}
