import type { Flow } from '../agent/api.ts'
import { type PlayedArm, playArm } from './arm.ts'
import { armPlan } from './arm-plan.ts'
import { watchFlows } from './flow-watch.ts'
import type { Picture, Stage } from './player/index.ts'
import { flowLines, packetBytes, sideBySide } from './player/pictures/index.ts'
import type { ArmName } from './proof/arms.ts'
import type { ProofDemo } from './proof-demo.ts'
import { lookForCanaries, targetOf } from './scenes.ts'
import { findSealed, pictured, type WireView } from './sightings.ts'
import { startWorkload } from './workload/traffic.ts'

/** Four times the same traffic: in clear, encrypted, and sabotaged with and without strict mode. */
export const transparentEncryption: ProofDemo = {
  name: 'transparent-encryption',
  title: 'Transparent encryption, proven from the wire',

  async play(stage, { lab, captures }) {
    const [nodes, pods, target] = await Promise.all([lab.nodes(), lab.pods(), targetOf(lab)])
    const broken = target.node.name

    await stage.say(
      `${nodes.length} nodes, ${pods.length} pods, and one wire between the nodes that no agent has a hand on. What the pods ` +
        'send carries canaries: random words that never existed before. Wherever one turns up, that message was readable.',
      {
        heading: 'The stage',
        notes:
          'The wire is a bridge in a network namespace of its own. A node could show us anything on its own interface; the bridge ' +
          'port shows what the node really put on the wire.',
      },
    )
    const workload = await stage.do(
      `A program that sends and answers starts in each of ${pods.length} pods`,
      () => startWorkload(lab, { signal: stage.signal }),
    )
    stage.afterwards('Stop the traffic', () => workload.stop())
    const cast = { lab, workload, directory: captures, target }
    const arm = (name: ArmName) => playArm(stage, cast, armPlan(name))

    await stage.say(
      'First with encryption off. What we look for has to be visible now: if it is not, the instrument is blind, and ' +
        'nothing that follows would count.',
      {
        heading: 'Control',
        notes:
          'This is the arm that most encryption tests leave out. A capture that shows nothing is also what a broken capture shows.',
      },
    )
    const control = await arm('control')
    await stage.show(readableOnWire(await lookForCanaries(stage, control)))

    await stage.say(
      'The same traffic again, encrypted. The pods notice nothing; the wire carries ESP and nothing else.',
      {
        heading: 'Encrypted',
        notes:
          'Left: what the pod sent. Right: the very packet that carried it, found by decrypting the capture with the keys ' +
          'read from the nodes. It is this traffic that is encrypted, not some other noise.',
      },
    )
    const encrypted = await arm('encrypted')
    await lookForCanaries(stage, encrypted)
    await stage.show(
      await inPodAndOnWire(stage, encrypted, (pod) => pods.find(({ name }) => name === pod)!.node),
    )

    await stage.say(
      `Would we notice a leak? The agent of ${broken} hangs and its outbound IPsec policies are gone, and strict mode is off. ` +
        'The same instrument now has to catch it.',
      {
        heading: 'Sabotage, permissive',
        notes: 'The fire drill. A detector that has never gone off has not been tested.',
      },
    )
    const permissive = await arm('policies-deleted/permissive')
    await lookForCanaries(stage, permissive)

    await stage.say(
      'The same sabotage in strict mode. What should be encrypted and is not, stops at the edge of its node: traffic is ' +
        'lost, secrets are not.',
      {
        heading: 'Sabotage, strict',
        notes: 'Fail closed. The lost canaries are the price, and the agent counts every packet it stopped.',
      },
    )
    const flows = watchFlows(lab, broken, stage.signal)
    const strict = await arm('policies-deleted/strict')
    await lookForCanaries(stage, strict)
    await stage.show(whatTheAgentStopped(broken, await flows.end()))

    return [control, encrypted, permissive, strict].map(({ record }) => record)
  },
}

function whatTheAgentStopped(node: string, flows: readonly Flow[]): Picture {
  const dropped = flows.filter(({ verdict }) => verdict === 'dropped')
  return (view) => [
    view.style.strong(
      `What the agent of ${node} stopped, in its own words: ${dropped.length} events, such as`,
    ),
    ...flowLines(dropped.slice(0, 3))(view),
  ]
}

function readableOnWire({ readable }: WireView): Picture {
  const [first] = readable
  if (first === undefined)
    return ({ style }) => [style.bad('No canary was seen on the wire, although nothing was encrypted.')]
  return packetBytes(pictured(`Anyone on the wire reads this (${first.point})`, first), 8)
}

async function inPodAndOnWire(
  stage: Stage,
  { canaries, points, record }: PlayedArm,
  nodeOf: (pod: string) => string,
): Promise<Picture> {
  const seen = await stage.do('Which ESP packet carried which message?', async (task) => {
    const found = await findSealed(canaries, points, record.sasBefore, (pod) => `wire/${nodeOf(pod)}`)
    if (found !== undefined)
      task.detail(
        `SPI 0x${found.onWire.spi.toString(16)}, sequence ${found.onWire.sequence}, integrity checked`,
      )
    return found
  })
  if (seen === undefined)
    return ({ style }) => [style.bad('No ESP packet on the wire decrypts to what a pod sent.')]
  const { canary, open, onWire } = seen
  return sideBySide(
    pictured(`What pod ${canary.fromPod} sent`, open, `UDP to ${canary.toPod}`),
    pictured(
      'The same packet on the wire',
      onWire,
      `ESP, SPI 0x${onWire.spi.toString(16)}, sequence ${onWire.sequence}`,
    ),
  )
}
