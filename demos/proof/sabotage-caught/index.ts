import { sabotageOf } from '../arms.ts'
import { isBotched } from '../change.ts'
import { type Outcome, plural } from '../check.ts'
import { instrumentFaults } from '../instruments.ts'
import { type ArmView, offender, type RunView } from '../observe.ts'
import { type Consequence, consequenceOf } from '../sabotage.ts'
import { isMisspelt } from '../scoped.ts'
import { botchCaught } from './botched.ts'
import { droppedByAgent, droppedByKernel } from './dropped.ts'
import { leakedAndCaught, leakedAndRefused } from './leaked.ts'
import { misspeltCaught } from './misspelt.ts'
import { refusedByReceivers } from './refused.ts'
import { clearOffenders, outcome, type Scene, sceneOf, whose } from './scene.ts'
import { neverConnected } from './unconnected.ts'

export { dropCounter, noStateCounter } from './dropped.ts'
export { arrivalCounter } from './leaked.ts'
export { integrityCounter } from './refused.ts'

const seenToHave: Readonly<Record<Consequence, (scene: Scene) => Outcome>> = {
  leak: leakedAndCaught,
  'leak-refused': leakedAndRefused,
  'agent-drops': droppedByAgent,
  'kernel-drops': droppedByKernel,
  'receiver-refuses': refusedByReceivers,
  unconnected: neverConnected,
}

/**
 * Holds when what was broken on purpose showed, in the way that it must: see {@link Consequence}; and when it touched nobody
 * else.
 */
export function sabotageCaught(arm: ArmView, run: Pick<RunView, 'material'>): Outcome {
  const { sabotage, settings, name } = arm.facts
  if (isBotched(name)) return botchCaught(arm, run)
  if (isMisspelt(name)) return misspeltCaught(arm, run)
  const plan = sabotageOf(name)
  if (!sabotage || !plan) return outcome('inconclusive', 'Nothing was sabotaged in this arm.', {})
  if (!settings.encryptL3 || settings.strict !== (plan.mode === 'strict'))
    return outcome('inconclusive', `The settings of this arm are not those of ${plan.mode} mode.`, {})
  const scene = sceneOf(arm, run, sabotage)
  const consequence = consequenceOf(plan)
  if (scene.affected.length === 0)
    return outcome('inconclusive', `No canary was sent by ${whose(sabotage)} programs to another node.`, {})
  const stray = consequence.startsWith('leak') ? undefined : strayCleartext(scene)
  if (stray) return stray
  const [fault] = instrumentFaults(arm, run.material.facts)
  if (fault !== undefined)
    return outcome('inconclusive', `The instruments did not record everything: ${fault}.`, {})
  const seen = seenToHave[consequence](scene)
  return seen.state === 'holds' ? withBystanders(seen, scene) : seen
}

function strayCleartext({ arm }: Scene): Outcome | undefined {
  const clear = arm.clear()
  const { sightings } = arm.wireCanaries()
  const numbers = { clear: clear.length, canariesOnWire: sightings.length }
  if (clear[0])
    return outcome(
      'fails',
      `${plural(clear.length, 'frame')} left in clear although nothing may, the first: ${clear[0].why}.`,
      numbers,
      clearOffenders(clear),
    )
  if (sightings[0])
    return outcome(
      'fails',
      `${plural(sightings.length, 'canary sighting')} on the wire although nothing may leave in clear.`,
      numbers,
      sightings.map(({ seen, token, encoding, where }) =>
        offender(seen, `canary ${token} as ${encoding} at ${where}`),
      ),
    )
  return undefined
}

function withBystanders(seen: Outcome, { bystanders }: Scene): Outcome {
  const harmed = bystanders.filter(({ delivered, unchanged }) => !(delivered && unchanged))
  const numbers = { ...seen.numbers, bystanders: bystanders.length, bystandersHarmed: harmed.length }
  if (harmed[0])
    return outcome(
      'fails',
      `${plural(harmed.length, 'canary', 'canaries')} between pods that were not sabotaged did not arrive, the first: ${harmed[0].id}.`,
      numbers,
    )
  return { ...seen, numbers }
}
