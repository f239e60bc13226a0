import { isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabPod } from '../../lab/lab.ts'
import { nowInNanoseconds } from '../arm.ts'
import type { Denial } from '../proof/index.ts'
import type { Change, ChangeHands } from './change.ts'
import { inRounds, times } from './rounds.ts'

/** How long a pod is cut off: TCP tries several times, and not so long that it then waits for seconds. */
const deniedMs = 700
/** Between two denials, so that TCP has caught up. */
const allowedMs = 900
/** In which a policy is in force everywhere but on a node whose agent hangs. */
const enforcedMs = 800

/** Policies cut pods off in mid-session and let them go on. */
export const policy: Change = {
  kind: 'policy',
  title: 'Policy changed in mid-session, and obeyed',
  rounds: 2,
  everyMs: 40,
  sessions: true,
  isWitnessed: true,
  rightly: {
    text:
      'While datagrams and TCP sessions go between all nodes, a policy cuts one pod off, and is lifted again: first nobody may reach ' +
      'it, then nobody may hear from it. What is denied as it leaves must not be on the wire, not even encrypted.',
    notes:
      'Established sessions are cut as well, and are the same sessions afterwards. Each agent names the rule of what it dropped.',
    isRandom: true,
    what: (rounds) => `a policy cut one pod off and let it go on, ${times(rounds)}`,
    async change(hands) {
      const { lab } = hands
      let direction: Denial['direction'] = 'ingress'
      await hands.canariesSent
      hands.afterwards('Lift the policy', () => lab.setPolicies(''))
      await inRounds(hands, 'policy', async ({ signal }) => {
        direction = direction === 'ingress' ? 'egress' : 'ingress'
        const pod = chosenPod(hands, direction)
        await cutOff(hands, pod, direction, {
          impose: (document) => lab.setPolicies(document),
          lift: () => lab.setPolicies(''),
        })
        await sleep(allowedMs, undefined, { signal })
      })
    },
  },
  botched: {
    heading: 'Announced, and not in force',
    text:
      'The same, while the agent of one node hangs: the policy is announced and does not reach its pods. What is denied has to be ' +
      'seen to arrive, encrypted as it is.',
    notes: 'Encryption alone does not say who may talk to whom.',
    what: (rounds) => `a policy cut one pod off, but for the pods of one node, ${times(rounds)}`,
    async change(hands) {
      const { lab } = hands
      hands.afterwards('Lift the policy', () => lab.setPolicies(''))
      await inRounds(hands, 'policy', async ({ signal }) => {
        const { from, to } = hands.routes[0]!
        await lab.pauseAgent(from.node)
        // Both wait for the agent that hangs.
        const waiting: Promise<void>[] = []
        const announce = async (document: string) => {
          const settled = lab.setPolicies(document)
          settled.catch(() => {})
          waiting.push(settled)
          await sleep(enforcedMs, undefined, { signal })
        }
        try {
          await cutOff(hands, to, 'egress', { impose: announce, lift: () => announce('') })
        } finally {
          await lab.resumeAgent(from.node)
        }
        await Promise.all(waiting)
      })
    },
  },
}

/** One that streams and sessions come from or go to. */
function chosenPod({ routes, instants }: ChangeHands, direction: Denial['direction']): LabPod {
  const { from, to } = routes[instants.next(routes.length)]!
  return direction === 'egress' ? to : from
}

interface Means {
  impose(document: string): Promise<void>
  lift(): Promise<void>
}

async function cutOff(
  { mark, wasDenied, task }: ChangeHands,
  pod: LabPod,
  direction: Denial['direction'],
  { impose, lift }: Means,
): Promise<void> {
  const name = `cut-off-${pod.name}`
  const asked = nowInNanoseconds()
  await impose(cuttingOff(name, pod, direction))
  const inForce = nowInNanoseconds(1n)
  const what = direction === 'egress' ? `nobody may reach ${pod.name}` : `nobody may hear from ${pod.name}`
  mark(what)
  await sleep(deniedMs, undefined, { signal: task.signal })
  const lifting = nowInNanoseconds()
  await lift()
  const lifted = nowInNanoseconds(1n)
  mark(`${pod.name} may go on`)
  wasDenied({
    pod: pod.name,
    direction,
    rule: `default/${name}/${direction}`,
    asked,
    inForce,
    lifting,
    lifted,
  })
}

/** Everybody may send to everybody, or hear from everybody, but one pod. */
function cuttingOff(name: string, { addresses }: LabPod, direction: Denial['direction']): string {
  const peers = addresses.map((address) => {
    const [everything, bits] = isIPv6(address) ? ['::/0', 128] : ['0.0.0.0/0', 32]
    return { ipBlock: { cidr: everything, except: [`${address}/${bits}`] } }
  })
  const rules = direction === 'egress' ? { egress: [{ to: peers }] } : { ingress: [{ from: peers }] }
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: { podSelector: {}, policyTypes: [direction === 'egress' ? 'Egress' : 'Ingress'], ...rules },
  })
}
