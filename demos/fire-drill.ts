import { armPlan } from './arm-plan.ts'
import { modes, type SabotageKind, sabotageKinds } from './proof/index.ts'
import type { ProofDemo } from './proof-demo.ts'
import { targetOf } from './scenes.ts'
import { startSeries } from './series.ts'

const stories: Readonly<
  Record<SabotageKind, { readonly heading: string; readonly text: string; readonly notes: string }>
> = {
  'policies-deleted': {
    heading: 'No policies',
    text: 'Nothing tells the kernel to encrypt. Permissive, this is a leak and has to be caught; strict, the gate at the wire stops it.',
    notes: 'What a kernel upgrade, a second IPsec daemon or an `ip xfrm policy flush` does.',
  },
  'sa-deleted': {
    heading: 'No SAs',
    text: 'The policies are there, and nothing to encrypt with. The kernel has to drop in both modes: this failure is closed by itself.',
    notes: 'XfrmOutNoStates in /proc/net/xfrm_stat counts what it drops.',
  },
  'mark-cleared': {
    heading: 'No mark',
    text: 'The agent tells the kernel by a mark what to encrypt. Another program claims the same bits.',
    notes: 'The classic of two CNI plugins or a service mesh on one node. skbedit stands for all of them.',
  },
  'pod-unguarded': {
    heading: 'One pod unguarded',
    text: 'One pod loses the program that guards it; its neighbour on the same node keeps its own. Only that pod may be seen to leak.',
    notes: 'A check that finds a leak but cannot say whose it is would be of little use.',
  },
  'wrong-key': {
    heading: 'A stranger’s key',
    text: 'The node goes on encrypting, with keys that are not the cluster’s. The wire looks as it always does.',
    notes: 'Nobody reading the capture by eye would notice. The integrity check of every packet does.',
  },
  'agent-killed': {
    heading: 'No agent',
    text: 'A pod comes up on a node whose agent dies as it starts. Whoever is not guarded must not be connected, in any mode.',
    notes: 'The moment in which most such systems have let packets out in clear.',
  },
  'agent-bypassed': {
    heading: 'Around the agent',
    text: 'A second cable leads from a pod to the wire. No agent sees these packets leave; the wire does.',
    notes:
      'Enforcement ends where the agent is not. The captures stand at every port of the wire, also at one that should not be there.',
  },
}

/** Everything that can be broken on purpose, one after the other, in permissive and in strict mode. */
export const fireDrill: ProofDemo = {
  name: 'fire-drill',
  title: 'Fire drill: everything broken once, and caught',

  async play(stage, cast) {
    const target = await targetOf(cast.lab)
    await stage.say(
      `${sabotageKinds.length} things are broken on ${target.node.name}, each with strict mode off and on. Of each it is known ` +
        'beforehand what has to be seen, and anything else is no proof.',
      {
        heading: 'The stage',
        notes: 'First the two arms that every verdict needs: encryption off, and everything in order.',
      },
    )
    const series = await startSeries(stage, cast)
    await series.play(armPlan('control'))
    await series.play(armPlan('encrypted'))
    for (const kind of sabotageKinds) {
      const { heading, text, notes } = stories[kind]
      await stage.say(text, { heading, notes })
      for (const mode of modes) await series.play(armPlan(`${kind}/${mode}`))
    }
    return series.records
  },
}
