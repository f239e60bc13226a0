import type { LabPod } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import type { ServiceSpec } from '../lab/topology.ts'
import type { PlayedArm } from './arm.ts'
import { armPlan } from './arm-plan.ts'
import { encryptionPolicy, policyPicture } from './encryption-policy.ts'
import type { Picture, Stage } from './player/index.ts'
import { sideBySide } from './player/pictures/index.ts'
import type { ProofDemo } from './proof-demo.ts'
import { targetOf } from './scenes.ts'
import { playSabotages, startSeries } from './series.ts'
import { findSealed, lookAtWire, pictured } from './sightings.ts'

/** Only what goes to and from one service is encrypted, beside others that are not. */
export const services: ProofDemo = {
  name: 'services',
  title: 'Only the services that a policy names are encrypted',

  async play(stage, cast) {
    const { lab } = cast
    const [pods, target] = await Promise.all([lab.pods(), targetOf(lab)])
    const chosen = chooseService(await lab.services(), pods)
    const { service } = chosen
    stage.afterwards('Lift the encryption policy', () => lab.setEncryptionPolicies(''))

    await stage.say(
      `Service ${service.name} is pods ${names(chosen.pods)}. A policy will say that its traffic is to be encrypted, and nothing ` +
        'of the rest.',
      {
        heading: 'The stage',
        notes: 'First with encryption off: what is looked for later has to be visible now.',
      },
    )
    const series = await startSeries(stage, cast)
    const scoped = async (name: 'services' | 'services/misspelt', policy: string) => {
      await stage.do('The policy is in force on every node', () => lab.setEncryptionPolicies(policy))
      const scope = {
        what: `service ${service.name}`,
        pods: chosen.pods.map((pod) => pod.name),
        policy,
      }
      return series.play({ name, settings: { encryptL3: true, strict: true }, scope })
    }

    await series.play(armPlan('control'))
    const policy = policyFor(service.name)
    await stage.say('The policy:', {
      heading: `Service ${service.name}, encrypted`,
      notes:
        'Whatever has one of its pods at either end is protected: encrypted, or dropped. The rest crosses the same wire, in clear, and ' +
        'shows that the instruments see what there is to see.',
    })
    await stage.show(policyPicture(policy))
    await stage.show(await besideEachOther(stage, await scoped('services', policy), chosen, pods))

    const misspelt = policyFor(`${service.name}s`)
    await stage.say(
      `And a slip of the pen: the policy names service ${service.name}s, which does not exist. It has to be noticed.`,
      {
        heading: 'Misspelt',
        notes: 'The agents say so. Whoever does not read it finds it in the captures.',
      },
    )
    await scoped('services/misspelt', misspelt)
    const { problems } = await lab.status(target.node.name)
    await stage.show(({ style }) => [
      style.strong(`What the agent of ${target.node.name} says of it`),
      ...problems.map((problem) => style.bad(problem)),
    ])
    await stage.do('All pods are to be encrypted again', () => lab.setEncryptionPolicies(''))

    await playSabotages(
      stage,
      series,
      `And would a leak be seen where everything is protected? The agent of ${target.node.name} hangs and its outbound IPsec ` +
        'policies are gone',
    )
    return series.records
  },
}

interface Chosen {
  readonly service: ServiceSpec
  readonly pods: readonly LabPod[]
}

/** The first service beside which there is traffic between nodes that is not its own. */
function chooseService(all: readonly ServiceSpec[], pods: readonly LabPod[]): Chosen {
  for (const service of all.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const isBehind = ({ labels }: LabPod) =>
      Object.entries(service.selector).every(([key, value]) => labels[key] === value)
    const mine = pods.filter(isBehind)
    const others = pods.filter((pod) => !isBehind(pod))
    if (mine.length > 0 && new Set(others.map(({ node }) => node)).size > 1) return { service, pods: mine }
  }
  throw new Problem(
    'ETOPOLOGY',
    2,
    'this demo needs a service, and pods on two nodes that are not behind it',
    'Add a service to the topology, or leave out --topology.',
  )
}

function policyFor(service: string): string {
  return encryptionPolicy(`only-${service}`, { services: [{ name: service }] })
}

function names(pods: readonly LabPod[]): string {
  return pods.map(({ name }) => name).join(' and ')
}

async function besideEachOther(
  stage: Stage,
  { canaries, points, record }: PlayedArm,
  { service, pods: mine }: Chosen,
  pods: readonly LabPod[],
): Promise<Picture> {
  const isMine = (name: string) => mine.some((pod) => pod.name === name)
  const nodeOf = (name: string) => pods.find((pod) => pod.name === name)!.node
  const crossing = canaries.filter(({ fromPod, toPod }) => nodeOf(fromPod) !== nodeOf(toPod))
  const found = await stage.do('Which packets are those?', async (task) => {
    const sealed = await findSealed(
      crossing.filter(({ toPod }) => isMine(toPod)),
      points,
      record.sasBefore,
      (pod) => `wire/${nodeOf(pod)}`,
    )
    const { readable } = await lookAtWire(points)
    if (sealed) task.detail(`SPI 0x${sealed.onWire.spi.toString(16)}, sequence ${sealed.onWire.sequence}`)
    return { sealed, readable: readable[0] }
  })
  const { sealed, readable } = found
  if (!sealed || !readable)
    return ({ style }) => [style.bad('Of what the policy covers and of the rest, one is not on the wire.')]
  const { fromPod, toPod } = sealed.canary
  return sideBySide(
    pictured(`To service ${service.name}, on the wire`, sealed.onWire, `${fromPod} to ${toPod}: ESP`),
    pictured('Beside it, on the same wire', readable, 'readable by anyone'),
  )
}
