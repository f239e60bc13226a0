import type { ArmPlan, PlayedArm } from './arm.ts'
import { armPlan } from './arm-plan.ts'
import { encryptionPolicy, policyPicture } from './encryption-policy.ts'
import type { Picture, Stage } from './player/index.ts'
import { sideBySide } from './player/pictures/index.ts'
import type { Scope } from './proof/index.ts'
import type { ProofDemo } from './proof-demo.ts'
import { targetOf } from './scenes.ts'
import { playSabotages, startSeries } from './series.ts'
import { findSealed, pictured } from './sightings.ts'

const policy = encryptionPolicy('nodes-too', { nodes: 'all' })
const misspelt = encryptionPolicy('nodes-too', {
  nodes: { nodeSelector: { matchLabels: { role: 'workre' } } },
})

/** What nodes send themselves, from their own network, is encrypted as what their pods send is. */
export const nodes: ProofDemo = {
  name: 'nodes',
  title: 'What nodes send themselves is encrypted, too',

  async play(stage, cast) {
    const { lab } = cast
    const [all, pods, target] = await Promise.all([lab.nodes(), lab.pods(), targetOf(lab)])
    stage.afterwards('Lift the encryption policy', () => lab.setEncryptionPolicies(''))

    await stage.say(
      `Besides the pods, nodes ${all.map(({ name }) => name).join(', ')} now talk themselves: with each other, and with pods. Without ` +
        'a policy nothing encrypts that.',
      {
        heading: 'The stage',
        notes:
          'Kubelets, API servers, monitoring and all pods in the host network talk like that. First with encryption off: what is looked ' +
          'for later has to be visible now.',
      },
    )
    const series = await startSeries(stage, cast, all)
    const scope: Scope = {
      what: 'pods and nodes',
      pods: pods.map(({ name }) => name),
      nodes: all.map(({ name }) => name),
      policy,
    }
    const arm = (plan: ArmPlan) => series.play({ scope, ...plan })
    const inForce = (documents: string, title = 'The policy is in force on every node') =>
      stage.do(title, () => lab.setEncryptionPolicies(documents))
    const settings = { encryptL3: true, strict: true }

    await arm(armPlan('control'))

    await stage.say('The policy:', {
      heading: 'Nodes, encrypted',
      notes:
        'It says nothing of pods, so all of them stay encrypted. A node encrypts what its own programs send to other nodes and their ' +
        'pods, or drops it. Until two nodes have keys for each other only what is exempt, by default the control plane, goes in clear: ' +
        'here all have keys, so nothing may.',
    })
    await stage.show(policyPicture(policy))
    await inForce(policy)
    await stage.show(await onWireAndOpened(stage, await arm({ name: 'nodes', settings })))

    await stage.say('And a slip of the pen: the policy selects nodes by a label that none has.', {
      heading: 'Misspelt',
      notes: 'The agents say so. Whoever does not read it finds it in the captures.',
    })
    await stage.show(policyPicture(misspelt))
    await inForce(misspelt)
    await arm({ name: 'nodes/misspelt', settings, scope: { ...scope, policy: misspelt } })
    const { problems } = await lab.status(target.node.name)
    await stage.show(({ style }) => [
      style.strong(`What the agent of ${target.node.name} says of it`),
      ...problems.map((problem) => style.bad(problem)),
    ])

    await inForce(policy, 'The right policy is in force again on every node')
    await playSabotages(
      stage,
      series,
      `And would a leak be seen with the right policy? The agent of ${target.node.name} hangs and its outbound IPsec policies are ` +
        'gone, those for its own traffic among them',
      { scope },
    )
    return series.records
  },
}

/** A datagram from one node to another: what came on the wire, and what came out of it at the other. */
async function onWireAndOpened(stage: Stage, { canaries, points, record }: PlayedArm): Promise<Picture> {
  const isNode = (name: string) => record.scope!.nodes!.includes(name)
  const seen = await stage.do('Which ESP packet carried what one node sent another?', async (task) => {
    const found = await findSealed(
      canaries.filter(({ fromPod, toPod }) => isNode(fromPod) && isNode(toPod)),
      points,
      record.sasBefore,
      (node) => `wire/${node}`,
      ({ toPod }) => `node/${toPod}`,
    )
    if (found)
      task.detail(
        `SPI 0x${found.onWire.spi.toString(16)}, sequence ${found.onWire.sequence}, integrity checked`,
      )
    return found
  })
  if (!seen) return ({ style }) => [style.bad('No ESP packet on the wire decrypts to what a node sent.')]
  const { canary, open, onWire } = seen
  return sideBySide(
    pictured(`What node ${canary.toPod} got from node ${canary.fromPod}`, open, 'UDP, decrypted there'),
    pictured(
      'The same packet on the wire',
      onWire,
      `ESP, SPI 0x${onWire.spi.toString(16)}, sequence ${onWire.sequence}`,
    ),
  )
}
