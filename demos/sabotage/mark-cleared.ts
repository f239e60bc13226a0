import type { Lab } from '../../lab/lab.ts'
import { runIn } from './run-in.ts'
import type { Sabotage } from './sabotage.ts'

/** Late in the order of filters: after the agent's own, which lets the next one have its say. */
const latePriority = '49152'

/**
 * Another program on the node clears the mark by which the kernel knows what to encrypt, right after the agent has set it,
 * as two programs that claim the same bits would.
 */
export const markCleared: Sabotage = {
  kind: 'mark-cleared',
  concerns: 'node',
  title: ({ node }) => `On ${node.name} another program clears the agent’s mark on every packet`,
  async commit({ lab, target: { node, pods } }) {
    const marked: string[] = []
    const giveBack = async () => {
      for (const device of marked.splice(0)) await filter(lab, node.name, device, 'delete')
    }
    try {
      for (const { name } of pods) {
        const device = await lab.podPort(name)
        await filter(lab, node.name, device, 'add', ['matchall', 'action', 'skbedit', 'mark', '0'])
        marked.push(device)
      }
    } catch (error) {
      await giveBack()
      throw error
    }
    return giveBack
  },
}

function filter(
  lab: Lab,
  node: string,
  device: string,
  verb: 'add' | 'delete',
  what: readonly string[] = [],
): Promise<void> {
  const where = ['dev', device, 'ingress', 'prio', latePriority, 'protocol', 'all']
  return runIn(lab, node, ['tc', 'filter', verb, ...where, ...what])
}
