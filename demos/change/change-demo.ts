import { armPlan } from '../arm-plan.ts'
import { botchOf } from '../proof/index.ts'
import type { ProofDemo } from '../proof-demo.ts'
import { targetOf } from '../scenes.ts'
import { playSabotages, startSeries } from '../series.ts'
import type { Change } from './change.ts'
import { playChangeArm } from './change-arm.ts'

/** How a demo is told in which something changes under traffic. All that differs between them is the change. */
export function changeDemo(change: Change): ProofDemo {
  return {
    name: change.kind,
    title: change.title,

    async play(stage, demoCast) {
      const { rounds = change.rounds, seed } = demoCast
      const target = await targetOf(demoCast.lab)
      await stage.say(
        'Pods of every node send to every other node all the time, each datagram with its number. Whatever is lost, repeated ' +
          'or readable shows in the captures, and in what order.',
        {
          heading: 'The stage',
          notes: 'First with encryption off: what is looked for later has to be visible now.',
        },
      )
      const series = await startSeries(stage, demoCast)

      await series.play(armPlan('control'))
      const { rightly, botched } = change
      await stage.say(rightly.text, { heading: 'Under change', notes: rightly.notes })
      await series.add((cast) =>
        playChangeArm(stage, cast, { change, name: change.kind, rounds, ...(seed && { seed }) }),
      )
      await stage.say(botched.text, { heading: botched.heading, notes: botched.notes })
      await series.add((cast) =>
        playChangeArm(stage, cast, { change, name: botchOf(change.kind), rounds: change.rounds }),
      )
      await playSabotages(
        stage,
        series,
        `And would a leak be seen? The agent of ${target.node.name} hangs and its outbound IPsec policies are gone`,
      )
      return series.records
    },
  }
}
