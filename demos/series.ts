import type { LabNode } from '../lab/lab.ts'
import { type ArmCast, type ArmPlan, type PlayedArm, playArm } from './arm.ts'
import { armPlan } from './arm-plan.ts'
import type { Stage } from './player/index.ts'
import type { ArmRecord } from './proof/index.ts'
import type { DemoCast } from './proof-demo.ts'
import { lookForCanaries, targetOf } from './scenes.ts'
import { startWorkload } from './workload/traffic.ts'

/** Arms that are played one after the other by the same programs. Of each the audience sees what the wire showed. */
export interface Series {
  play(plan: ArmPlan): Promise<PlayedArm>
  /** One that is played in a way of its own. */
  add(play: (cast: ArmCast) => Promise<PlayedArm>): Promise<PlayedArm>
  /** Of all arms so far. */
  readonly records: readonly ArmRecord[]
}

/**
 * Starts the programs that send.
 *
 * @param nodes that have one of their own, besides all pods.
 */
export async function startSeries(
  stage: Stage,
  { lab, captures }: DemoCast,
  nodes?: readonly LabNode[],
): Promise<Series> {
  const target = await targetOf(lab)
  const where = nodes ? 'in each pod and on each node' : 'in each pod'
  const workload = await stage.do(`A program that sends and answers starts ${where}`, () =>
    startWorkload(lab, { signal: stage.signal, ...(nodes && { nodes }) }),
  )
  stage.afterwards('Stop the traffic', () => workload.stop())
  const cast = { lab, workload, directory: captures, target }
  const records: ArmRecord[] = []
  const add: Series['add'] = async (play) => {
    const arm = await play(cast)
    await lookForCanaries(stage, arm)
    records.push(arm.record)
    return arm
  }
  return { records, add, play: (plan) => add(() => playArm(stage, cast, plan)) }
}

/** The fire drill that every verdict needs, with the same instruments at the same places. */
export async function playSabotages(
  stage: Stage,
  { play }: Series,
  text: string,
  more: Pick<ArmPlan, 'scope'> = {},
): Promise<void> {
  await stage.say(`${text}, first with strict mode off and then on.`, {
    heading: 'Sabotage',
    notes: 'The fire drill that every verdict needs, with the same instruments at the same places.',
  })
  await play({ ...more, ...armPlan('policies-deleted/permissive') })
  await play({ ...more, ...armPlan('policies-deleted/strict') })
}
