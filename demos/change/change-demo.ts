import { type PlayedArm, playArm } from '../arm.ts'
import { armPlan } from '../arm-plan.ts'
import { type ArmName, botchOf } from '../proof/index.ts'
import type { ProofDemo } from '../proof-demo.ts'
import { lookForCanaries, targetOf } from '../scenes.ts'
import { startWorkload } from '../workload/traffic.ts'
import type { Change } from './change.ts'
import { playChangeArm } from './change-arm.ts'

/** How a demo is told in which something changes under traffic. All that differs between them is the change. */
export function changeDemo(change: Change): ProofDemo {
  return {
    name: change.kind,
    title: change.title,

    async play(stage, { lab, captures, rounds = change.rounds, seed }) {
      const target = await targetOf(lab)
      await stage.say(
        'Pods of every node send to every other node all the time, each datagram with its number. Whatever is lost, repeated ' +
          'or readable shows in the captures, and in what order.',
        {
          heading: 'The stage',
          notes: 'First with encryption off: what is looked for later has to be visible now.',
        },
      )
      const workload = await stage.do('A program that sends and answers starts in each pod', () =>
        startWorkload(lab, { signal: stage.signal }),
      )
      stage.afterwards('Stop the traffic', () => workload.stop())
      const cast = { lab, workload, directory: captures, target }
      const played: PlayedArm[] = []
      const keep = async (arm: PlayedArm) => {
        await lookForCanaries(stage, arm)
        played.push(arm)
      }
      const still = async (name: ArmName) => keep(await playArm(stage, cast, armPlan(name)))

      await still('control')
      const { rightly, botched } = change
      await stage.say(rightly.text, { heading: 'Under change', notes: rightly.notes })
      await keep(
        await playChangeArm(stage, cast, { change, name: change.kind, rounds, ...(seed && { seed }) }),
      )
      await stage.say(botched.text, { heading: botched.heading, notes: botched.notes })
      await keep(
        await playChangeArm(stage, cast, {
          change,
          name: botchOf(change.kind),
          rounds: botched.rounds ?? change.rounds,
        }),
      )
      await stage.say(
        `And would a leak be seen? The agent of ${target.node.name} hangs and its outbound IPsec policies are gone, first with ` +
          'strict mode off and then on.',
        {
          heading: 'Sabotage',
          notes: 'The fire drill that every verdict needs, with the same instruments at the same places.',
        },
      )
      await still('policies-deleted/permissive')
      await still('policies-deleted/strict')
      return played.map(({ record }) => record)
    },
  }
}
