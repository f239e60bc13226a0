import type { Lab } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import type { PlayedArm } from './arm.ts'
import type { Stage } from './player/index.ts'
import type { Target } from './sabotage/index.ts'
import { lookAtWire, type WireView } from './sightings.ts'

/**
 * What a demo breaks: the node of the first pod, and its pods.
 *
 * @throws Problem when no pod has a pod on another node to talk to.
 */
export async function targetOf(lab: Pick<Lab, 'nodes' | 'pods'>): Promise<Target> {
  const [nodes, pods] = await Promise.all([lab.nodes(), lab.pods()])
  const [first] = pods
  const node = nodes.find(({ name }) => name === first?.node)
  if (!node || pods.every((pod) => pod.node === node.name))
    throw new Problem(
      'ETOPOLOGY',
      2,
      'this demo needs pods on at least two nodes: otherwise nothing crosses the wire',
      'Add nodes and pods to the topology, or leave out --topology for three nodes with two pods each.',
    )
  return { node, pods: pods.filter((pod) => pod.node === node.name) }
}

export function lookForCanaries(stage: Stage, { points }: PlayedArm): Promise<WireView> {
  return stage.do('What does the wire show?', async (task) => {
    const view = await lookAtWire(points)
    const { readable, espFrames, clearFrames, fromStrangers } = view
    const canaries = readable.length === 0 ? 'no canary' : `canaries in ${readable.length} frames`
    const strangers = fromStrangers > 0 ? `; ${fromStrangers} of them from no node` : ''
    task.detail(`${canaries}; ${clearFrames} packets in clear, ${espFrames} ESP${strangers}`)
    return view
  })
}
