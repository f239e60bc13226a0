import type { LabPod } from '../../lab/lab.ts'
import { type Hands, type Sabotage, sabotageFailed } from './sabotage.ts'

/** A pod is made on a node whose agent is dead: killed, and killed again in the moment in which it starts. */
export const agentKilled: Sabotage = {
  kind: 'agent-killed',
  concerns: 'pod',
  title: ({ node, pods }) =>
    `On ${node.name} the agent is killed as it starts, and pod ${pods.map(({ name }) => name).join(', ')} is made anew`,
  async commit(hands) {
    const { lab, target } = hands
    const node = target.node.name
    const makeWhole = async () => {
      await lab.killAgent(node)
      await lab.startAgent(node)
      for (const pod of target.pods) await remake(hands, pod)
      await lab.settled()
    }
    try {
      await lab.killAgent(node)
      let attempt = 1
      while (!(await killStarting(hands, node)))
        if (attempt++ === attempts)
          throw sabotageFailed(`the agent of ${node} was ready before it could be killed, ${attempts} times`)
      for (const pod of target.pods) await makeUnconnected(hands, pod)
    } catch (error) {
      await makeWhole()
      throw error
    }
    return makeWhole
  },
}

/** On a busy machine an agent may be ready sooner than it is found. */
const attempts = 5

/** @returns whether it was killed before it was ready; it is dead in either case. */
async function killStarting({ lab }: Hands, node: string): Promise<boolean> {
  const started = lab.startAgent(node).then(
    () => true,
    () => false,
  )
  await lab.killAgent(node)
  const wasReady = await started
  if (wasReady) await lab.killAgent(node)
  return !wasReady
}

async function makeUnconnected({ lab, workload }: Hands, pod: LabPod): Promise<void> {
  const connected = await lab.addPod(pod).then(
    () => true,
    () => false,
  )
  if (connected) throw sabotageFailed(`pod ${pod.name} was connected although no agent could guard it`)
  await workload.restart(pod.name)
}

async function remake({ lab, workload }: Hands, pod: LabPod): Promise<void> {
  const [now, before] = [await lab.addPod(pod), pod].map(({ addresses }) => addresses.join(' and '))
  if (now !== before) throw sabotageFailed(`pod ${pod.name} came back as ${now}, and had ${before}`)
  await workload.restart(pod.name)
}
