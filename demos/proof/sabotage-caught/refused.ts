import { type Outcome, plural } from '../check.ts'
import { kernelsRefused, otherNodes, outcome, type Scene, whose } from './scene.ts'

/** Where the kernel counts an ICV that does not verify: by its own account a protocol error of the SA. */
export const integrityCounter = 'XfrmInStateProtoError'

/** Holds when what was sealed with a key that nobody else has was on the wire, and every receiver refused it. */
export function refusedByReceivers(scene: Scene): Outcome {
  const { arm, affected, sabotage } = scene
  const refused = kernelsRefused(arm, otherNodes(scene), [integrityCounter])
  const sealed = arm
    .account()
    .sent.filter(({ sender, fate }) => fate === 'encrypted' && sabotage.pods.includes(sender.name)).length
  const arrived = affected.filter(({ delivered }) => delivered)
  const numbers = { sealed, refused, canaries: affected.length, arrived: arrived.length }
  if (sealed === 0)
    return outcome(
      'inconclusive',
      `No packet of ${whose(sabotage)} was sealed: nothing could be refused.`,
      numbers,
    )
  if (refused <= 0)
    return outcome(
      'fails',
      `${plural(sealed, 'packet')} were sealed with a key that only ${sabotage.node} has, and no kernel refused one.`,
      numbers,
    )
  if (arrived[0])
    return outcome(
      'fails',
      `${plural(arrived.length, 'canary', 'canaries')} arrived under a key that only ${sabotage.node} has, the first: ${arrived[0].id}.`,
      numbers,
    )
  return outcome(
    'holds',
    `The stranger's key was caught: ${plural(sealed, 'packet')} sealed with it by ${sabotage.node}, ${refused.toLocaleString('en')} refused by the receivers' kernels, and none of ${plural(affected.length, 'canary', 'canaries')} arrived.`,
    numbers,
  )
}
